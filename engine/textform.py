"""A graph as text, one node per line in the order in which it is computed: for diffs and reviews.

    graph "ema_pullback" advisor "EMA pullback"
    candles = source.candles@1(; symbol="", timeframe="")
    ema_fast = indicator.ema@1(source=candles.close; length=20)
    smooth = indicator.sma@1(source=ema_fast.out; length=3) bypass on_error=pause "less noise"

Inputs stand before the semicolon, params (as JSON) behind it, both by name.  A wire to a node that is not there stands
on a line of its own (`ema.out -> gone.source`).  What a graph shows to others stands below its first line, the graphs
it embeds at its end:

    parameter fast "Fast length" "bars" -> ema_fast.length, exit.length
    interface 1
    input candles candles -> swings.candles
    output signal signal <- entry.out
    subgraph trend {
      graph "trend" advisor "Trend" ""
      ...
    }

`parse` gives the logic back; tests, layout and meta are not in it.
"""

from typing import Any

import msgspec

from engine.document import Edge, Graph, Interface, InterfaceInput, InterfaceOutput, NodeSpec, Parameter
from engine.errors import InputError
from engine.reading_order import reading_order
from engine.textreader import BARE, Reader


def to_text(graph: Graph) -> str:
    """The text form; the same logic gives the same text, whatever the order of nodes and edges."""
    return "\n".join(_block(graph)) + "\n"


def _block(graph: Graph) -> list[str]:
    inputs: dict[str, list[Edge]] = {n.id: [] for n in graph.nodes}
    loose: list[str] = []
    for edge in sorted(graph.edges, key=lambda e: (e.target, e.source)):
        node, dot, port = edge.target.rpartition(".")
        if dot and node in inputs and port:
            inputs[node].append(edge)
        else:
            loose.append(f"{_word(edge.source)} -> {_word(edge.target)}")
    lines = [f"graph {_json(graph.id)} {graph.kind} {_json(graph.name)} {_json(graph.description)}".rstrip()]
    lines += _shown(graph)
    seen: set[str] = set()
    for node in reading_order(graph):
        wires = [] if node.id in seen else inputs[node.id]
        seen.add(node.id)
        lines.append(_line(node, wires))
    lines += loose
    for name, definition in sorted(graph.subgraphs.items()):
        lines += [f"subgraph {_word(name)} {{", *(f"  {line}" for line in _block(definition)), "}"]
    return lines


def _shown(graph: Graph) -> list[str]:
    """What the graph shows to others: parameters and interface."""
    lines = [
        f"parameter {_word(p.name)} {_json(p.title)} {_json(p.description)} -> {', '.join(map(_word, p.to))}"
        for p in graph.parameters
    ]
    if graph.interface is not None:
        lines.append(f"interface {graph.interface.version}")
        lines += [
            f"input {_word(i.name)} {_word(i.kind)} -> {', '.join(map(_word, i.to))}" for i in graph.interface.inputs
        ]
        lines += [f"output {_word(o.name)} {_word(o.kind)} <- {_word(o.source)}" for o in graph.interface.outputs]
    return lines


def _line(node: NodeSpec, wires: list[Edge]) -> str:
    ins = ", ".join(f"{_word(w.target.rpartition('.')[2])}={_word(w.source)}" for w in wires)
    params = ", ".join(f"{_word(name)}={_json(value)}" for name, value in sorted(node.params.items()))
    text = f"{_word(node.id)} = {_word(node.type)}@{node.version}({ins}{'; ' if params else ''}{params})"
    text += "" if node.mode == "on" else f" {node.mode}"
    text += "" if node.on_error == "hold" else f" on_error={node.on_error}"
    return text + (f" {_json(node.label)}" if node.label else "")


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _word(text: str) -> str:
    return text if BARE.fullmatch(text) else _json(text)


def parse(text: str, name: str = "text") -> Graph:
    """The graph a text form stands for.  Raises InputError naming the line that cannot be read."""
    open_parts = [_Part("")]
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            _read(line, open_parts)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name}, line {number}: {error}") from None
    if len(open_parts) > 1:
        raise InputError(f"{name}: sub-graph {open_parts[-1].name!r} has no end; close it with a line }}")
    return open_parts[0].graph(name)


def _read(line: str, open_parts: "list[_Part]") -> None:
    """Take one line into the innermost graph that is being read."""
    reader, part = Reader(line), open_parts[-1]
    if reader.takes("}"):
        if len(open_parts) == 1:
            raise ValueError("there is no sub-graph to close")
        reader.end()
        open_parts.pop()
        open_parts[-1].subgraphs[part.name] = part.graph(part.name)
    elif part.head is None:
        part.head = reader.head()
    elif keyword := reader.keyword("subgraph", "parameter", "interface", "input", "output"):
        if keyword == "subgraph":
            open_parts.append(_Part(reader.word()))
            reader.expect("{")
            reader.end()
        else:
            part.shows(keyword, reader)
    else:
        reader.statement(part.nodes, part.edges)


class _Part:
    """A graph of which some lines have been read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head: tuple[str, ...] | None = None
        self.nodes: list[NodeSpec] = []
        self.edges: list[Edge] = []
        self.parameters: list[Parameter] = []
        self.version: int | None = None
        self.inputs: list[InterfaceInput] = []
        self.outputs: list[InterfaceOutput] = []
        self.subgraphs: dict[str, Graph] = {}

    def shows(self, keyword: str, reader: Reader) -> None:
        """Read a line on what the graph shows to others."""
        if keyword == "interface":
            self.version = reader.number()
            reader.end()
            return
        name = reader.word()
        if keyword == "parameter":
            title, description = reader.text(), reader.text()
            self.parameters.append(Parameter(name, reader.words("->"), title, description))
        elif self.version is None:
            raise ValueError("a line interface VERSION must come before inputs and outputs")
        elif keyword == "input":
            self.inputs.append(InterfaceInput(name, reader.word(), reader.words("->")))
        else:
            kind = reader.word()
            reader.expect("<-")
            self.outputs.append(InterfaceOutput(name, kind, reader.word()))
            reader.end()

    def graph(self, name: str) -> Graph:
        """The graph that was read; InputError if there was none."""
        if self.head is None:
            raise InputError(f'{name}: it is empty; the first line is: graph "id" advisor "name" "description"')
        shown = None if self.version is None else Interface(self.version, tuple(self.inputs), tuple(self.outputs))
        identity, kind, title, description = self.head
        return Graph(
            schema_version=1,
            id=identity,
            kind="cycle" if kind == "cycle" else "advisor",
            name=title,
            description=description,
            nodes=tuple(self.nodes),
            edges=tuple(self.edges),
            parameters=tuple(self.parameters),
            interface=shown,
            subgraphs=self.subgraphs,
        )
