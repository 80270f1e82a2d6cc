"""Where the nodes of a document stand: as its layout says, and where it says nothing, as they are arranged."""

from collections.abc import Sequence

from engine.arrange import Point, Size, arrange
from engine.document import Graph

_FARTHEST = 1e6  # what is placed farther out is drawn at the edge


def places_of(graph: Graph, sizes: Sequence[Size]) -> list[Point]:
    """Upper left corners, in document order."""
    numbers = numbers_of(graph)
    placed = {numbers[name]: _within(point) for name, point in graph.layout.nodes.items() if name in numbers}
    return arrange(sizes, joined(graph), placed)


def joined(graph: Graph) -> list[tuple[int, int]]:
    """Which node feeds which, by number; wires without both ends are left out."""
    numbers = numbers_of(graph)
    ends = [(numbers.get(e.source.rpartition(".")[0]), numbers.get(e.target.rpartition(".")[0])) for e in graph.edges]
    return sorted({(a, b) for a, b in ends if a is not None and b is not None})


def numbers_of(graph: Graph) -> dict[str, int]:
    """The number of each node by id, of nodes with one id the first."""
    numbers: dict[str, int] = {}
    for number, node in enumerate(graph.nodes):
        numbers.setdefault(node.id, number)
    return numbers


def _within(point: Point) -> Point:
    x, y = (min(max(value, -_FARTHEST), _FARTHEST) for value in point)
    return x, y
