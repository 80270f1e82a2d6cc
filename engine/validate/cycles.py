"""Explains cycles that may not be, and checks loops that may."""

from engine.issue import Fix
from engine.node import Node
from engine.validate.facts import Facts
from engine.validate.fixes import facts_named
from engine.validate.index import Index, Vertex, Wire
from engine.validate.insertion import inputs_for, insert, output_for
from engine.validate.order import Order
from engine.validate.problems import Problems

MOST_CYCLES = 20  # explained per cyclic part
LONGEST_PATH = 50  # nodes written out in a message
DELAYS = ("memory.delay", "memory.delay_flag", "memory.delay_direction")


def report_cycles(index: Index, order: Order, problems: Problems) -> None:
    """Reports every illegal cycle at each of its nodes."""
    for part in order.illegal:
        for path in _cycles(part, order.feedback):
            text = _in_words(path)
            fix = _delay(index, path) if index.affords_hint() else None
            for vertex in path:
                problems.add(
                    "cycle",
                    f"Node {vertex.id!r}: it depends on itself along {text}; break the loop with a one-bar delay"
                    " (memory.delay).",
                    vertex=vertex,
                    fixes=[fix] if fix else [],
                )


def _cycles(part: list[Vertex], feedback: frozenset[int]) -> list[list[Vertex]]:
    """Short cycles that together touch the nodes of a cyclic part."""
    import networkx as nx  # costs 0.15 s to import, so only where there is a cycle to explain

    graph = nx.DiGraph()
    by_index = {v.index: v for v in part}
    for vertex in part:
        for wire in vertex.out:
            if wire.target.index in by_index and wire.index not in feedback:
                graph.add_edge(vertex.index, wire.target.index)
    covered: set[int] = set()
    found: list[list[Vertex]] = []
    for start in sorted(by_index, key=lambda i: by_index[i].id):
        if start in covered or len(found) == MOST_CYCLES:
            continue
        parents: dict[int, int] = {child: parent for parent, child in nx.bfs_edges(graph, start)}
        last = next(i for i in (start, *parents) if graph.has_edge(i, start))
        path = [last]
        while path[-1] != start:
            path.append(parents[path[-1]])
        covered.update(path)
        found.append([by_index[i] for i in reversed(path)])
    return found


def _in_words(path: list[Vertex]) -> str:
    ids = [v.id for v in path]
    if len(ids) > LONGEST_PATH:
        left_out = len(ids) - LONGEST_PATH
        ids = [*ids[: LONGEST_PATH - 1], f"... ({left_out} more)", ids[-1]]
    return " -> ".join([*ids, path[0].id])


def _delay(index: Index, path: list[Vertex]) -> Fix | None:
    """A one-bar delay in one of the wires of a cycle, if all its nodes may stand in a loop."""
    if not all(_may_loop(v) for v in path):
        return None
    for vertex, following in zip(reversed(path), [path[0], *reversed(path[1:])], strict=True):
        for wire in vertex.out:
            if wire.target is following:
                fix = _delay_in(index, wire)
                if fix:
                    return fix
    return None


def _delay_in(index: Index, wire: Wire) -> Fix | None:
    for facts in facts_named(index.registry, *DELAYS):
        entry, exit_port = inputs_for(facts, wire.kind), output_for(facts, wire.kind)
        if facts.breaks_cycle and entry and exit_port:
            return insert(index, wire, facts, entry, exit_port, label=f"insert a one-bar delay ({facts.tag})")
    return None


def _may_loop(vertex: Vertex) -> bool:
    """Whether a node may stand in a loop: it must work bar by bar, so no history of its inputs."""
    facts: Facts | None = vertex.facts
    if facts is None or vertex.node is None or facts.memory_free or facts.breaks_cycle:
        return True
    return isinstance(vertex.node, Node) and vertex.lookback == 1


def check_loops(order: Order, problems: Problems) -> None:
    """Reports nodes inside a loop with a delay that need more than the current bar."""
    for loop in order.loops:
        if not any(v.facts is not None and v.facts.breaks_cycle for v in loop):
            continue
        for vertex in loop:
            if not _may_loop(vertex):
                problems.add(
                    "loop_needs_history",
                    f"Node {vertex.id!r}: it stands in a loop but needs {vertex.lookback} bars of its inputs;"
                    " take it out of the loop or use a node with memory of its own.",
                    vertex=vertex,
                    expected="1 bar",
                    received=f"{vertex.lookback} bars",
                )
