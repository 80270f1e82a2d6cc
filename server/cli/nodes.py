"""`tradegraph nodes`: the catalogue."""

import argparse
import difflib
import sys

import msgspec

from engine.errors import InputError
from engine.registry import Registry, discover
from engine.schema import Entry, PortEntry, catalogue, document_schema, entry_of


def run(options: argparse.Namespace) -> int:
    """Print all node types, one node type, the schemas, or the page of the documentation."""
    if options.schema:
        if options.type is not None:
            raise InputError("nodes: --schema is that of all node types; leave TYPE out")
        entries = catalogue(discover())
        _print_json({"document": document_schema(), "catalogue": msgspec.to_builtins(entries)})
    elif options.markdown:
        if options.type is not None:
            raise InputError("nodes: --markdown is the page of all node types; leave TYPE out")
        _print_page()
    elif options.type is not None:
        entry = _entry(options.type)
        if options.json:
            _print_json(entry)
        else:
            print(_page(entry))
    else:
        entries = catalogue(discover())
        if options.json:
            _print_json(entries)
        else:
            print(_table(entries))
    return 0


def _print_page() -> None:
    from nodes.ta.table import table
    from server.cli.nodes_page import page

    sys.stdout.write(page(catalogue(discover()), table()))


def _entry(tag: str) -> Entry:
    registry = Registry()
    if tag in registry:
        return entry_of(tag, registry[tag])
    near = difflib.get_close_matches(tag, list(discover()), n=3, cutoff=0.4)
    hint = f"; did you mean {', '.join(near)}?" if near else "; `tradegraph nodes` lists all"
    raise InputError(f"there is no node type {tag!r}{hint}")


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def _first_line(doc: str) -> str:
    return doc.strip().splitlines()[0]


def _table(entries: list[Entry]) -> str:
    lines: list[str] = []
    width = max(len(e.type) for e in entries)
    category = ""
    for entry in entries:
        if entry.category != category:
            category = entry.category
            lines.append(f"\n{category}" if lines else category)
        lines.append(f"  {entry.type:{width}}  {_first_line(entry.doc)}")
    return "\n".join([*lines, f"\n{len(entries)} node types; `tradegraph nodes TYPE` shows one"])


def _page(entry: Entry) -> str:
    lines = [f"{entry.type}  (version {entry.version}, {entry.kind}, {entry.scope} scope)", "", entry.doc.strip(), ""]
    lines += ["inputs:", *(_port(p) for p in entry.inputs)] if entry.inputs else ["inputs: none"]
    lines += ["outputs:", *(_port(p) for p in entry.outputs)] if entry.outputs else ["outputs: none"]
    properties = entry.params.get("properties", {})
    lines += ["params:"] if properties else ["params: none"]
    for name, schema in properties.items():
        lines.append(f"  {name} = {_value(entry.presets.get(name))}  {_meaning(schema)}")
    lines.append(f"modes: {', '.join(entry.modes)}")
    if entry.lookback is not None:
        lines.append(f"look-back with these params: {entry.lookback} bar{'s' if entry.lookback != 1 else ''}")
    return "\n".join(lines)


def _port(port: PortEntry) -> str:
    clock = f" on the {port.clock.lstrip('=')} clock" if port.clock else ""
    return f"  {port.name}: {port.kind}{clock}{' (optional)' if port.optional else ''}"


def _value(preset: object) -> str:
    return msgspec.json.encode(preset).decode()


def _meaning(schema: dict[str, object]) -> str:
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    words = [str(schema[k]) for k in ("title", "description") if schema.get(k)]
    words += [f"{sign} {schema[k]:g}" for k, sign in bounds.items() if isinstance(schema.get(k), int | float)]
    choices = schema.get("enum")
    if isinstance(choices, list):
        words.append("one of " + ", ".join(map(str, choices)))  # pyright: ignore[reportUnknownArgumentType]
    return "; ".join(words)
