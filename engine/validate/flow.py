"""The graph as it runs: without muted nodes, bypassed ones stepped over."""

import msgspec

from engine.validate.activity import feed_of
from engine.validate.index import Index, Vertex, Wire, upstream
from engine.validate.order import Order


class Flow(msgspec.Struct, eq=False):
    """The nodes that run in their order and what feeds each of their inputs.

    `needed` are the indexes of nodes a decision (or a question to the outside) depends on; all if there is none.
    `feeds` are by node index: input port → the wire that really feeds it; `late` are inputs fed by the previous bar.
    """

    vertices: list[Vertex]
    feeds: dict[int, dict[str, Wire]]
    late: set[tuple[int, str]]
    decisions: list[Vertex]
    needed: set[int]


def flow_of(index: Index, order: Order, shown: frozenset[str] = frozenset()) -> Flow:
    """What runs and what feeds what; `shown` are ids of nodes an interface shows, which are needed as well."""
    running = [v for v in order.vertices if v.runs and not v.twin]
    feeds: dict[int, dict[str, Wire]] = {}
    late: set[tuple[int, str]] = set()
    plain = all(v.spec.mode == "on" for v in index.vertices)
    for vertex in running:
        if plain:
            feeds[vertex.index] = vertex.wired
            continue
        found = {port: feed_of(wire, len(index.vertices)) for port, wire in vertex.wired.items()}
        feeds[vertex.index] = {port: wire for port, wire in found.items() if wire is not None}
    if order.feedback:
        late = {(v.index, p) for v in running for p, w in v.wired.items() if w.index in order.feedback}
    decisions = [v for v in index.vertices if v.facts is not None and v.facts.decision and v.runs and not v.twin]
    ends = [
        v
        for v in index.vertices
        if v in decisions or v.loose or v.id in shown or (v.facts is not None and v.facts.asks)
    ]
    needed = upstream(ends) if decisions else {v.index for v in index.vertices}
    return Flow(running, feeds, late, decisions, needed)
