"""Nodes of a document in the order in which they depend on each other, without knowing their types."""

from heapq import heapify, heappop, heappush

from engine.document import Graph, NodeSpec


def reading_order(graph: Graph) -> list[NodeSpec]:
    """Every node after those that feed it, ties by id; where there is a cycle, its first node by id goes first."""
    nodes = sorted(graph.nodes, key=lambda n: n.id)
    rank: dict[str, int] = {}
    for number, node in enumerate(nodes):
        rank.setdefault(node.id, number)
    after: list[set[int]] = [set() for _ in nodes]
    waiting = [0] * len(nodes)
    for edge in graph.edges:
        source = rank.get(edge.source.rpartition(".")[0])
        target = rank.get(edge.target.rpartition(".")[0])
        if source is not None and target is not None and source != target and target not in after[source]:
            after[source].add(target)
            waiting[target] += 1
    ready = [number for number, count in enumerate(waiting) if not count]
    heapify(ready)
    placed = [False] * len(nodes)
    ordered: list[NodeSpec] = []
    first_left = 0
    while len(ordered) < len(nodes):
        if not ready:
            while placed[first_left]:
                first_left += 1
            ready.append(first_left)
        number = heappop(ready)
        if placed[number]:
            continue
        placed[number] = True
        ordered.append(nodes[number])
        for target in after[number]:
            waiting[target] -= 1
            if not waiting[target] and not placed[target]:
                heappush(ready, target)
    return ordered
