"""The catalogue as a page of Markdown: `tradegraph nodes --markdown`, which is `docs/nodes.md`."""

import re
from collections.abc import Iterable
from importlib import import_module
from itertools import groupby
from typing import Any

import msgspec

from engine.schema import Entry, PortEntry
from nodes.ta.table import Refusal, Table

_INTRODUCTION = """\
# Nodes

{count} node types, by category. A node takes values from the wires on its inputs and gives one value per closed bar
on each output; what is not yet known stays unknown and never becomes a trade.

- *Warm-up* is the number of bars, the newest included, after which the output at the presets no longer depends on
  anything older. A fold remembers since the first bar; its warm-up says from where on it can be trusted.
- *Presets* are what the editor writes into a graph; a graph names every parameter.

This page is written by `tradegraph nodes --markdown`; `tradegraph nodes TYPE` shows one node in the terminal.
[CONTRIBUTING.md](../CONTRIBUTING.md#add-a-node-in-20-lines) tells how to add one.
"""
_KINDS = {
    "node": "",
    "fold": "Remembers since the first bar (fold).",
    "query": "Asks the outside (query).",
    "decision": "Decides at the close of a bar (decision).",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def page(entries: list[Entry], table: Table) -> str:
    """The whole page."""
    groups = [(category, list(group)) for category, group in groupby(entries, key=lambda e: e.category)]
    parts = [_INTRODUCTION.format(count=len(entries)), _contents(groups)]
    parts += [_category(category, group) for category, group in groups]
    return "\n".join([*parts, _refused(table)])


def _contents(groups: list[tuple[str, list[Entry]]]) -> str:
    rows = [[f"[{category}](#{category})", _about(category), str(len(group))] for category, group in groups]
    rows.append(["[not here](#what-is-not-here)", "Functions of pandas-ta that are no nodes, with the proof.", ""])
    return _grid(["category", "what is in it", "nodes"], rows)


def _about(category: str) -> str:
    """The first line of the category's own documentation."""
    return (import_module(f"nodes.{category}").__doc__ or "").strip().partition("\n")[0]


def _category(category: str, entries: list[Entry]) -> str:
    links = ", ".join(f"[{e.type.rpartition('.')[2]}](#{e.type.replace('.', '')})" for e in entries)
    return "\n".join([f"## {category}\n", f"{_about(category)}\n", f"{links}\n", *map(_node, entries)])


def _node(entry: Entry) -> str:
    first, _, rest = entry.doc.strip().partition("\n\n")
    lines = [f"### {entry.type}\n", " ".join(first.split()) + "\n"]
    lines += [f"- {item}" for item in _items(rest)]
    lines += [f"- Inputs: {', '.join(map(_port, entry.inputs))}"] if entry.inputs else []
    lines += [f"- Outputs: {', '.join(map(_port, entry.outputs))}"] if entry.outputs else []
    lines.append("- " + " ".join(_remarks(entry)))
    lines.append("")
    properties: dict[str, dict[str, Any]] = entry.params.get("properties", {})
    if properties:
        rows = [[f"`{n}`", *_meaning(schema), _json(entry.presets.get(n))] for n, schema in properties.items()]
        lines.append(_grid(["parameter", "what it is", "unit or meaning", "range", "preset"], rows))
    return "\n".join(lines)


def _items(doc: str) -> list[str]:
    """What the documentation says of ins, outs and sources, an item each."""
    items: list[str] = []
    for line in doc.splitlines():
        if re.match(r"(In|Out|Source|Effect): ", line) or not items:
            items.append(line.strip())
        else:
            items[-1] += f" {line.strip()}"
    return [item.strip() for item in items if item.strip()]


def _port(port: PortEntry) -> str:
    clock = f" on the {port.clock.lstrip('=')} clock" if port.clock else ""
    return f"`{port.name}` {port.kind}{clock}{' (optional)' if port.optional else ''}"


def _remarks(entry: Entry) -> Iterable[str]:
    bars = entry.lookback
    yield "Warm-up: " + (f"{bars} bar{'s' if bars != 1 else ''}." if bars is not None else "depends on the parameters.")
    yield from filter(None, [_KINDS[entry.kind]])
    if entry.scope != "symbol":
        yield "Sees all symbols of the watchlist."
    if entry.breaks_cycle:
        yield "May close a loop."
    if len(entry.modes) < 3:
        yield f"Runs in {' and '.join(entry.modes)} only."
    if entry.version > 1:
        yield f"Version {entry.version}."


def _meaning(schema: dict[str, Any]) -> tuple[str, str, str]:
    """Title, unit and range of a parameter."""
    arms: list[dict[str, Any]] = schema.get("anyOf", [schema])
    bounds = [f"{sign} {arm[key]:g}" for arm in arms for key, sign in _BOUNDS.items() if key in arm]
    choices: list[Any] = schema.get("enum") or schema.get("items", {}).get("enum") or []
    limits = [", ".join(bounds), " ".join(f"`{c}`" for c in choices), _kind(arms[0]) if not (bounds or choices) else ""]
    return schema.get("title", ""), schema.get("description", ""), "; ".join(filter(None, limits))


def _kind(schema: dict[str, Any]) -> str:
    words = {"boolean": "yes or no", "string": "text", "array": "list", "number": "number", "integer": "whole number"}
    return words.get(schema.get("type", ""), "")


def _json(value: Any) -> str:
    return f"`{msgspec.json.encode(value).decode()}`"


def _grid(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


# --- what is refused --------------------------------------------------------------------------------------------------

_REFUSED = """\
## What is not here

{library} has more functions than the category [ta](#ta): some are nodes of our own, and some are refused because
their values cannot be believed. Each refusal has its proof: a call, a bar (counted from 0) and two values that should
be one. All proofs are found, and found again by the tests, on candles that are the same on every machine
(`nodes/ta/proofs.py`), in one of these scenes:

{scenes}

Three inner steps of {library} are replaced for all nodes of the category, since with them earlier rows depend on
later ones (`nodes/ta/library.py`):

- `non_zero_range` adds the smallest step of a float to a whole column as soon as one bar, be it a later one, has no
  range;
- `alma` multiplies all windows at once, and its last digit depends on how many bars follow;
- `sma` adds up the other way round where there are no more bars than its length.
"""
_SECTIONS = {
    "future": (
        "Look ahead or repaint",
        "The value of a bar changes when later bars are there.",
        "with all {rows} bars {found}, with the first {cut} only {expected}",
    ),
    "past": (
        "No end to their memory",
        "The value of a bar depends on bars for ever before it, so it is another one whenever the history begins "
        "elsewhere: a back-test and a live run would differ. As a node of its own such a thing is a fold.",
        "with all bars {found}, without the first {cut} {expected}",
    ),
    "wrong": (
        "Not what their name says",
        "The value is not that of the definition.",
        "{found}, by the definition {expected}",
    ),
}


def _refused(table: Table) -> str:
    from nodes.ta.proofs import ROWS, scenes

    told = "\n".join(f"- *{name}*: {what}" for name, what in scenes().items())
    parts = [_REFUSED.format(library=table.library, scenes=told)]
    for kind, (title, text, proof) in _SECTIONS.items():
        rows = [_refusal(r, proof, ROWS) for r in table.refused if r.kind == kind]
        parts += [f"### {title}\n", f"{text}\n", _grid(["function", "why", "proof", "instead"], rows)]
    same = ", ".join(f"`{name}` [{tag}](#{tag.replace('.', '')})" for name, tag in table.native.items())
    return "\n".join([*parts, "### The same as a node of our own\n", f"{same}.\n"])


def _refusal(refusal: Refusal, proof: str, rows: int) -> list[str]:
    params = ", ".join(f"{name}={value}" for name, value in refusal.params.items())
    figures = {name: "unknown" if v is None else f"{v:.10g}" for name, v in _figures(refusal).items()}
    place = f"*{refusal.scene}*, `{refusal.function}({params})`, `{refusal.column}` at bar {refusal.bar}: "
    words = proof.format(rows=rows, cut=refusal.cut, **figures)
    return [f"`{refusal.function}`", refusal.reason, place + words, refusal.instead]


def _figures(refusal: Refusal) -> dict[str, float | None]:
    return {"found": refusal.found, "expected": refusal.expected}
