"""Topological order, ties by id, with one-bar delays allowed to close loops; works without recursion."""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from engine.validate.index import Index, Vertex, Wire


class Order(NamedTuple):
    """Nodes in order (those of illegal cycles and what hangs on them lack), legal loops, illegal cyclic parts.

    `feedback` are the wires that enter a delay from inside its loop: they carry the value of the previous bar.
    """

    vertices: list[Vertex]
    loops: list[list[Vertex]]
    illegal: list[list[Vertex]]
    feedback: frozenset[int]


def sort(index: Index) -> Order:
    """The order of all nodes of a graph."""
    for rank, vertex in enumerate(sorted(index.vertices, key=lambda v: (v.id, v.index))):
        vertex.rank = rank
    ordered = _kahn(index, frozenset())
    if len(ordered) == len(index.vertices):
        return Order(ordered, [], [], frozenset())
    loops = components(_rest(index, ordered), frozenset())
    feedback = frozenset(w.index for loop in loops for w in _feedback(loop))
    ordered = _kahn(index, feedback)
    illegal = components(_rest(index, ordered), feedback)
    return Order(ordered, loops, illegal, feedback)


def _kahn(index: Index, cut: frozenset[int]) -> list[Vertex]:
    by_rank = index.vertices.copy()
    for vertex in index.vertices:
        by_rank[vertex.rank] = vertex
    waiting = [len(v.into) if not cut else sum(w.index not in cut for w in v.into) for v in by_rank]
    ready = [rank for rank, count in enumerate(waiting) if not count]
    heapify(ready)
    ordered: list[Vertex] = []
    while ready:
        vertex = by_rank[heappop(ready)]
        ordered.append(vertex)
        for wire in vertex.out:
            if wire.index in cut:
                continue
            rank = wire.target.rank
            waiting[rank] -= 1
            if not waiting[rank]:
                heappush(ready, rank)
    return ordered


def _rest(index: Index, ordered: list[Vertex]) -> list[Vertex]:
    done = {v.index for v in ordered}
    return [v for v in index.vertices if v.index not in done]


def _feedback(loop: list[Vertex]) -> list[Wire]:
    inside = {v.index for v in loop}
    delays = [v for v in loop if v.facts is not None and v.facts.breaks_cycle and v.spec.mode == "on"]
    return [w for v in delays for w in v.into if w.source.index in inside]


def components(vertices: list[Vertex], cut: frozenset[int]) -> list[list[Vertex]]:
    """The strongly connected parts among some nodes that contain a cycle, each in document order (Kosaraju)."""
    inside = {v.index for v in vertices}
    placed: set[int] = set()
    found: list[list[Vertex]] = []
    for root in reversed(_finished(vertices, inside, cut)):
        if root.index in placed:
            continue
        placed.add(root.index)
        part = [root]
        for vertex in part:
            for wire in vertex.into:
                source = wire.source
                if source.index in inside and source.index not in placed and wire.index not in cut:
                    placed.add(source.index)
                    part.append(source)
        if len(part) > 1 or any(w.target is root and w.index not in cut for w in root.out):
            found.append(sorted(part, key=lambda v: v.index))
    return sorted(found, key=lambda part: part[0].index)


def _finished(vertices: list[Vertex], inside: set[int], cut: frozenset[int]) -> list[Vertex]:
    """The nodes in the order in which a depth-first walk leaves them."""
    seen: set[int] = set()
    finished: list[Vertex] = []
    for root in vertices:
        if root.index in seen:
            continue
        seen.add(root.index)
        path = [(root, iter(root.out))]
        while path:
            vertex, wires = path[-1]
            for wire in wires:
                target = wire.target
                if target.index in inside and target.index not in seen and wire.index not in cut:
                    seen.add(target.index)
                    path.append((target, iter(target.out)))
                    break
            else:
                finished.append(vertex)
                path.pop()
    return finished
