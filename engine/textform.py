"""A graph as text, one node per line in the order in which it is computed: for diffs and reviews.

    graph "ema_pullback" advisor "EMA pullback"
    candles = source.candles@1(; symbol="", timeframe="")
    ema_fast = indicator.ema@1(source=candles.close; length=20)
    smooth = indicator.sma@1(source=ema_fast.out; length=3) bypass on_error=pause "less noise"

Inputs stand before the semicolon, params (as JSON) behind it, both by name.  A wire to a node that is not there stands
on a line of its own (`ema.out -> gone.source`).  `parse` gives the logic back; tests, layout and meta are not in it.
"""

import json
import re
from typing import Any

import msgspec

from engine.document import Edge, Graph, NodeSpec
from engine.errors import InputError
from engine.reading_order import reading_order

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_SPACE = re.compile(r" *")
_NUMBER = re.compile(r"-?\d+")


def to_text(graph: Graph) -> str:
    """The text form; the same logic gives the same text, whatever the order of nodes and edges."""
    inputs: dict[str, list[Edge]] = {n.id: [] for n in graph.nodes}
    loose: list[str] = []
    for edge in sorted(graph.edges, key=lambda e: (e.target, e.source)):
        node, dot, port = edge.target.rpartition(".")
        if dot and node in inputs and port:
            inputs[node].append(edge)
        else:
            loose.append(f"{_word(edge.source)} -> {_word(edge.target)}")
    lines = [f"graph {_json(graph.id)} {graph.kind} {_json(graph.name)} {_json(graph.description)}".rstrip()]
    seen: set[str] = set()
    for node in reading_order(graph):
        wires = [] if node.id in seen else inputs[node.id]
        seen.add(node.id)
        lines.append(_line(node, wires))
    return "\n".join([*lines, *loose]) + "\n"


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
    return text if _BARE.fullmatch(text) else _json(text)


def parse(text: str, name: str = "text") -> Graph:
    """The graph a text form stands for.  Raises InputError naming the line that cannot be read."""
    lines = text.split("\n")
    nodes: list[NodeSpec] = []
    edges: list[Edge] = []
    head: tuple[str, ...] | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        reader = _Reader(line)
        try:
            if head is None:
                head = reader.head()
            else:
                reader.statement(nodes, edges)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name}, line {number}: {error}") from None
    if head is None:
        raise InputError(f'{name}: it is empty; the first line is: graph "id" advisor "name" "description"')
    return msgspec.convert(
        {"schema_version": 1, "id": head[0], "kind": head[1], "name": head[2], "description": head[3]}
        | {"nodes": tuple(nodes), "edges": tuple(edges)},
        Graph,
    )


class _Reader:
    """Reads one line from left to right; every method raises ValueError if it finds something else."""

    def __init__(self, line: str) -> None:
        self._line = line.rstrip()
        self._at = 0

    def head(self) -> tuple[str, str, str, str]:
        self._expect("graph")
        identity, kind = self._text(), self._word()
        if kind not in ("advisor", "cycle"):
            raise ValueError(f"the kind of graph is {kind!r}; it must be advisor or cycle")
        result = (identity, kind, self._text(), self._text())
        self._end()
        return result

    def statement(self, nodes: list[NodeSpec], edges: list[Edge]) -> None:
        first = self._word()
        if self._takes("->"):
            edges.append(Edge(first, self._word()))
        else:
            self._expect("=")
            nodes.append(self._node(first, edges))
        self._end()

    def _node(self, identity: str, edges: list[Edge]) -> NodeSpec:
        tag = self._word()
        self._expect("@")
        version = self._number()
        self._expect("(")
        while not self._sees(";") and not self._sees(")"):
            port = self._word()
            self._expect("=")
            edges.append(Edge(self._word(), f"{identity}.{port}"))
            self._takes(",")
        params: dict[str, Any] = {}
        if self._takes(";"):
            while not self._sees(")"):
                key = self._word()
                self._expect("=")
                params[key] = self._value()
                self._takes(",")
        self._expect(")")
        mode = "mute" if self._takes("mute") else "bypass" if self._takes("bypass") else "on"
        policy = "hold"
        if self._takes("on_error="):
            policy = "skip" if self._takes("skip") else "pause"
            if policy == "pause":
                self._expect("pause")
        label = self._text() if self._sees('"') else ""
        return NodeSpec(identity, tag, version, params, mode, policy, label)

    def _skip(self) -> None:
        space = _SPACE.match(self._line, self._at)
        self._at = space.end() if space else self._at

    def _sees(self, token: str) -> bool:
        self._skip()
        return self._line.startswith(token, self._at)

    def _takes(self, token: str) -> bool:
        found = self._sees(token)
        self._at += len(token) * found
        return found

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            rest = self._line[self._at : self._at + 20]
            raise ValueError(f"column {self._at + 1}: {token!r} expected, found {rest!r}")

    def _end(self) -> None:
        if self._line[self._at :].strip():
            self._expect("end of line")

    def _word(self) -> str:
        if self._sees('"'):
            return self._text()
        match = _BARE.match(self._line, self._at)
        if match is None:
            self._expect("a name")
            return ""
        self._at = match.end()
        return match[0]

    def _number(self) -> int:
        match = _NUMBER.match(self._line, self._at)
        if match is None:
            self._expect("a whole number")
            return 0
        self._at = match.end()
        return int(match[0])

    def _text(self) -> str:
        value = self._value()
        if not isinstance(value, str):
            raise ValueError(f"column {self._at}: a text in quotes expected")
        return value

    def _value(self) -> Any:
        self._skip()
        value, self._at = json.JSONDecoder().raw_decode(self._line, self._at)
        return value
