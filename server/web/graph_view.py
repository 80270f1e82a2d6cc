"""What the pages of graphs show besides the canvas: needs, problems, and the graph as a table."""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from engine.diff import Diff
from engine.document import Graph
from engine.node import Contract
from engine.reading_order import reading_order
from engine.timeframe import DURATIONS
from engine.validate import Report
from engine.validate.expand import PREFIX
from server.drawing import Level, picture
from server.drawing.levels import definition_of
from server.drawing.wording import params_of, title_of
from server.graph_checks import graph_of, report_of

_ON = "1h"  # a warm-up in bars means something on a timeframe only


class Needs(msgspec.Struct, frozen=True):
    """What a run of a graph has to have: markets besides its own, timeframes besides its own, bars before it starts."""

    own_market: bool
    markets: tuple[str, ...]
    timeframes: tuple[str, ...]
    bars: int
    bars_on: str

    @property
    def market_words(self) -> str:
        """The markets in words."""
        return " and ".join([*(["the market of the run"] if self.own_market else []), *self.markets]) or "none"


class Card(msgspec.Struct, frozen=True):
    """A graph in the gallery, as far as its document tells."""

    picture: str
    description: str
    nodes: int
    needs: Needs
    errors: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A node in the list view; `inputs` are (port, where it comes from), `state` says what is unusual."""

    id: str
    title: str
    type: str
    params: str
    inputs: tuple[tuple[str, str], ...]
    clock: str
    warmup: int | None
    state: str
    faults: tuple[str, ...]
    wrong: bool
    opens: str


class Problem(msgspec.Struct, frozen=True):
    """An issue: `node` is the flat id to go to, "" if it is about the whole graph."""

    severity: str
    code: str
    message: str
    node: str
    fixes: tuple[str, ...]


@lru_cache(maxsize=256)
def card_of(document: str) -> Card:
    """The card of a document, once per document."""
    graph, report = graph_of(document), report_of(document)
    return Card(picture(graph), graph.description, len(graph.nodes), needs_of(document), report.summary.errors)


def needs_of(document: str) -> Needs:
    """What the validator found out, the longest timeframe first."""
    needed = report_of(document, timeframe=_ON).derived.data_needed
    clocks = {clock for clock in report_of(document).derived.clocks.values() if clock in DURATIONS}
    return Needs(
        any(not need.symbol for need in needed),
        tuple(dict.fromkeys(need.symbol for need in needed if need.symbol)),
        tuple(sorted(clocks, key=lambda clock: -DURATIONS[clock])),
        max((need.bars for need in needed), default=0),
        _ON,
    )


def problems_of(report: Report) -> list[Problem]:
    """All issues, errors first."""
    found = sorted(report.issues, key=lambda issue: issue.severity != "error")
    return [Problem(i.severity, i.code, i.message, i.node or "", tuple(fix.label for fix in i.fixes)) for i in found]


def rows_of(level: Level, registry: Mapping[str, type[Contract]], report: Report) -> list[Row]:
    """The nodes of a level, every one after what feeds it."""
    graph = level.graph
    sources: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        node, _, port = edge.target.rpartition(".")
        sources.setdefault(node, []).append((port, edge.source))
    for face in graph.interface.inputs if graph.interface and level.path else ():
        for node, _, port in (address.rpartition(".") for address in face.to):
            sources.setdefault(node, []).append((port, f"input {face.name}"))
    return [
        Row(
            id=level.prefix + spec.id,
            title=title_of(spec),
            type=spec.type,
            params=params_of(spec, most=12),
            inputs=tuple(sources.get(spec.id, ())),
            clock=_clock(report, level.prefix + spec.id),
            warmup=report.derived.warmup_bars.get(level.prefix + spec.id),
            state=_state(graph, spec.type, spec.mode, registry),
            faults=tuple(i.message for i in report.issues if i.node == level.prefix + spec.id),
            wrong=any(i.severity == "error" for i in report.issues if i.node == level.prefix + spec.id),
            opens=level.prefix + spec.id if definition_of(graph, spec) is not None else "",
        )
        for spec in reading_order(graph)
    ]


def _clock(report: Report, flat: str) -> str:
    """A timeframe; "any" for what works without one."""
    clock = report.derived.clocks.get(flat, "")
    return "any" if clock is None else clock or "run"


def _state(graph: Graph, tag: str, mode: str, registry: Mapping[str, type[Contract]]) -> str:
    embedded = tag.removeprefix(PREFIX) in graph.subgraphs if tag.startswith(PREFIX) else False
    unknown = "" if embedded or tag in registry else "unknown type"
    return unknown or {"mute": "muted", "bypass": "bypassed"}.get(mode, "")


def sized(svg: str) -> str:
    """A drawing that says how it is shaped, so that a page keeps that shape whatever part of it is shown."""
    width, height = re.findall(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg)[0]
    return svg.replace("<svg ", f'<svg width="{width}" height="{height}" ', 1)


def marks_of(before: Graph, after: Graph, found: Diff) -> dict[str, str]:
    """CSS classes by node and wire ("a.out -> b.in") of the outermost documents: what was added, removed, changed.

    A node is also changed where a wire into it is, or something inside it.
    """
    marks: dict[str, str] = {}
    for change in found.changes:
        for source, action in ((change.before, "removed"), (change.after, "added")):
            if change.place[0] == "edges" and source is not None:
                marks[f"{source} -> {change.place[1]}"] = action
        if change.within:
            tag = f"{PREFIX}{change.within[0]}"
            names = [n.id for n in (*before.nodes, *after.nodes) if n.type == tag]
        else:
            names = [change.node] if change.node is not None else []
        whole = change.place[0] == "nodes" and len(change.place) == 2
        for name in names:
            marks[name] = change.action if whole else marks.get(name, "changed")
    return marks
