"""What the page says of one node: its type explained, its ports, and its params with value, unit and range."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.document import Graph, NodeSpec
from engine.node import Contract
from engine.schema import Entry, entry_of
from engine.validate import Report
from server.drawing import level_at
from server.drawing.legend import css_of
from server.drawing.levels import Level, definition_of
from server.drawing.wording import title_of, value_of
from server.errors import NotFound

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {"boolean": "yes or no", "string": "text", "array": "list", "number": "number", "integer": "whole number"}
_KINDS = {
    "node": "A pure step: what comes out follows from what goes in.",
    "fold": "Remembers since the first bar.",
    "query": "Asks the outside world; the answer is kept, so a run can be repeated.",
    "decision": "Decides at the close of a bar and sends orders.",
}
_STATES = {
    "mute": "Muted: it is taken out with all that needs it.",
    "bypass": "Bypassed: passes its input on.",
    "skip": "If it fails, the symbol is skipped.",
    "pause": "If it fails, the run pauses.",
}
_ITEM = re.compile(r"(In|Out|Source|Effect): ")


class PortDoc(msgspec.Struct, frozen=True):
    """A port: what it is, and what it is connected to."""

    name: str
    kind: str
    css: str
    clock: str
    optional: bool
    joined: tuple[str, ...]


class ParamDoc(msgspec.Struct, frozen=True):
    """A param: its value here, and what it may be."""

    name: str
    title: str
    value: str
    preset: str
    meaning: str
    range: str


class NodeDoc(msgspec.Struct, frozen=True, kw_only=True):
    """A node explained.  `known` is False for a type that is not installed; `opens` is the path of what it embeds."""

    id: str
    title: str
    type: str
    version: int
    known: bool
    summary: str
    details: tuple[tuple[str, str], ...]
    inputs: tuple[PortDoc, ...]
    outputs: tuple[PortDoc, ...]
    params: tuple[ParamDoc, ...]
    remarks: tuple[str, ...]
    faults: tuple[str, ...]
    opens: str


def node_doc(graph: Graph, registry: Mapping[str, type[Contract]], report: Report, flat: str) -> NodeDoc:
    """The node with a flat id.  Raises NotFound if there is none."""
    path, _, name = flat.rpartition("/")
    level = level_at(graph, path)
    spec = next((n for n in level.graph.nodes if n.id == name), None)
    if spec is None:
        raise NotFound(f"There is no node {flat!r} in graph {graph.name!r}.")
    definition = definition_of(level.graph, spec)
    if definition is not None:
        shown = _embedded(definition, spec)
    elif spec.type in registry:
        shown = _typed(entry_of(spec.type, registry[spec.type]), spec)
    else:
        shown = _ghost(spec)
    summary, details, inputs, outputs, params, remarks = shown
    return NodeDoc(
        id=flat,
        title=title_of(spec),
        type=spec.type,
        version=spec.version,
        known=definition is not None or spec.type in registry,
        summary=summary,
        details=details,
        inputs=tuple(_joined(level, spec.id, port, into=True) for port in inputs),
        outputs=tuple(_joined(level, spec.id, port, into=False) for port in outputs),
        params=params,
        remarks=(*_state(spec, report, flat), *remarks),
        faults=tuple(i.message for i in report.issues if i.node and (i.node == flat or i.node.startswith(f"{flat}/"))),
        opens=flat if definition is not None else "",
    )


_Shown = tuple[
    str, tuple[tuple[str, str], ...], list[PortDoc], list[PortDoc], tuple[ParamDoc, ...], tuple[str, ...]
]  # summary, details, inputs, outputs, params, remarks


def _typed(entry: Entry, spec: NodeSpec) -> _Shown:
    first, _, rest = entry.doc.strip().partition("\n\n")
    properties: dict[str, dict[str, Any]] = entry.params.get("properties", {})
    params = [_param(name, schema, spec, entry.presets) for name, schema in properties.items()]
    for name, value in spec.params.items():
        if name not in properties:
            params.append(ParamDoc(name, name, value_of(value), "", "not a param of this node type", ""))
    ports = [[PortDoc(p.name, p.kind, css_of(p.kind), p.clock.lstrip("="), p.optional, ()) for p in side]
             for side in (entry.inputs, entry.outputs)]  # fmt: skip
    remarks = [_KINDS[entry.kind]]
    remarks += [f"Its own look-back at the presets: {entry.lookback:,} bars."] if (entry.lookback or 1) > 1 else []
    remarks += [f"Runs in {' and '.join(entry.modes)} only."] if len(entry.modes) < 3 else []
    remarks += ["Sees all symbols of the watchlist."] if entry.scope != "symbol" else []
    remarks += ["May close a loop: it gives the value of the bar before."] if entry.breaks_cycle else []
    return " ".join(first.split()), _details(rest), ports[0], ports[1], tuple(params), tuple(remarks)


def _details(text: str) -> tuple[tuple[str, str], ...]:
    """What the docstring says of ins, outs and sources: word and text."""
    items: list[list[str]] = []
    for line in text.splitlines():
        if match := _ITEM.match(line):
            items.append([match[1], line[match.end() :].strip()])
        elif line.strip() and items:
            items[-1][1] += f" {line.strip()}"
        elif line.strip():
            items.append(["", line.strip()])
    return tuple((word, told) for word, told in items)


def _param(name: str, schema: dict[str, Any], spec: NodeSpec, presets: Mapping[str, Any]) -> ParamDoc:
    value = value_of(spec.params[name]) if name in spec.params else "missing"
    preset = value_of(presets[name]) if name in presets else ""
    return ParamDoc(name, schema.get("title") or name, value, preset, schema.get("description", ""), _range(schema))


def _range(schema: dict[str, Any]) -> str:
    arms: list[dict[str, Any]] = schema.get("anyOf", [schema])
    bounds = [f"{sign} {arm[key]:g}" for arm in arms for key, sign in _BOUNDS.items() if key in arm]
    choices: list[Any] = schema.get("enum") or schema.get("items", {}).get("enum") or []
    return " ".join(bounds) or ", ".join(map(str, choices)) or _TYPES.get(arms[0].get("type", ""), "")


def _embedded(definition: Graph, spec: NodeSpec) -> _Shown:
    face = definition.interface
    inputs = [PortDoc(i.name, i.kind, css_of(i.kind), "", False, ()) for i in face.inputs] if face else []
    outputs = [PortDoc(o.name, o.kind, css_of(o.kind), "", False, ()) for o in face.outputs] if face else []
    titles = {p.name: (p.title or p.name, p.description, ", ".join(p.to)) for p in definition.parameters}
    params = tuple(
        ParamDoc(name, titles.get(name, (name,))[0], value_of(value), "", *titles.get(name, ("", "unknown", ""))[1:])
        for name, value in spec.params.items()
    )
    name = definition.name or definition.id
    remark = f"Embeds the graph {name!r}: {len(definition.nodes)} nodes, {len(definition.edges)} wires."
    return definition.description, (), inputs, outputs, params, (remark,)


def _ghost(spec: NodeSpec) -> _Shown:
    params = tuple(ParamDoc(n, n, value_of(v), "", "", "") for n, v in spec.params.items())
    told = f"The node type {spec.type!r} is not installed here. The node is kept as it is, but the graph cannot run."
    return told, (), [], [], params, ()


def _joined(level: Level, node: str, port: PortDoc, *, into: bool) -> PortDoc:
    address = f"{node}.{port.name}"
    edges = level.graph.edges
    ends = (
        [e.source for e in edges if e.target == address] if into else [e.target for e in edges if e.source == address]
    )
    return msgspec.structs.replace(port, joined=tuple(ends))


def _state(spec: NodeSpec, report: Report, flat: str) -> tuple[str, ...]:
    bars, clock = report.derived.warmup_bars.get(flat), report.derived.clocks.get(flat)
    told = [f"Warm-up here: {bars:,} bars{f' of {clock}' if clock else ''}."] if bars is not None else []
    told += [f"Works on {clock} bars."] if clock else []
    told += [_STATES[state] for state in (spec.mode, spec.on_error) if state in _STATES]
    return tuple(told)
