"""The graph as objects that know each other: what all phases walk over."""

from collections.abc import Mapping

import msgspec

from engine.document import Graph, NodeSpec
from engine.node import Contract
from engine.validate.facts import Facts

MOST_BLOCKED = 100  # ids listed in `blocks` of one problem
MOST_HINTS = 100  # repairs that are searched for in one validation


class Vertex(msgspec.Struct, eq=False):
    """A node of the document with what is known about it.

    `facts` is None for an unknown type; `current` is False if the document has another version of the type; `twin`
    marks a second node with an id already taken; `removed` one that is muted or needs a muted one; `loose` one with a
    broken wire that leaves it.  `wired` holds the one wire of each input, `into` and `out` all wires.  `node`,
    `lookback`, `clock` and `port_clocks` are filled in by later phases.
    """

    index: int
    id: str
    spec: NodeSpec
    facts: Facts | None
    current: bool
    twin: bool
    wired: "dict[str, Wire]"
    into: "list[Wire]"
    out: "list[Wire]"
    rank: int = 0
    loose: bool = False
    removed: bool = False
    node: Contract | None = None
    lookback: int = 1
    clock: str | None = None
    port_clocks: dict[str, str | None] = {}

    @property
    def runs(self) -> bool:
        """Whether the node itself runs: neither removed nor bypassed."""
        return not self.removed and self.spec.mode == "on"


class Wire(msgspec.Struct, eq=False):
    """An edge whose two nodes exist; its ports may still be unknown."""

    index: int
    source: Vertex
    source_port: str
    target: Vertex
    target_port: str

    @property
    def kind(self) -> str | None:
        """What it carries, None if that cannot be known."""
        facts = self.source.facts
        port = facts.outputs.get(self.source_port) if facts else None
        return port.kind if port else None


class Index(msgspec.Struct, eq=False):
    """All nodes in document order, by id (the first of twins), and all wires between existing nodes.

    `spoken_for` are inputs "node.port" whose wire has a fault of its own, so that they are not reported as missing.
    """

    graph: Graph
    registry: Mapping[str, type[Contract]]
    vertices: list[Vertex]
    by_id: dict[str, Vertex]
    wires: list[Wire]
    spoken_for: set[str]
    hints: int = MOST_HINTS

    def affords_hint(self) -> bool:
        """Whether a repair may still be looked for: each search walks the graph, a hopeless graph gets only some."""
        self.hints -= 1
        return self.hints >= 0


def downstream(vertex: Vertex, most: int = MOST_BLOCKED) -> tuple[str, ...]:
    """Ids of the nodes that depend on a node, nearest first, at most `most` of them."""
    seen = {vertex.index}
    found: list[str] = []
    queue = [vertex]
    for current in queue:
        for wire in current.out:
            target = wire.target
            if target.index not in seen:
                if len(found) == most:
                    return tuple(found)
                seen.add(target.index)
                found.append(target.id)
                queue.append(target)
    return tuple(found)


def upstream(starts: list[Vertex]) -> set[int]:
    """Indexes of the given nodes and of everything they depend on."""
    seen = {v.index for v in starts}
    queue = list(starts)
    for current in queue:
        for wire in current.into:
            if wire.source.index not in seen:
                seen.add(wire.source.index)
                queue.append(wire.source)
    return seen
