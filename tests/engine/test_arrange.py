"""The automatic layout: nothing overlaps, nothing moves without need, the same graph always looks the same."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrange import GAP_X, Point, Size, arrange
from engine.document import Graph
from engine.ranks import layers_of, ranks_of
from server.drawing.places import joined, numbers_of, places_of
from server.graphs import built_in_ids, load_graph
from tests.engine.random_graphs import graphs

SIZES = st.tuples(st.floats(40, 260), st.floats(30, 300))
POINTS = st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000))


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Size], list[tuple[int, int]], dict[int, Point]]:
    sizes = draw(st.lists(SIZES, min_size=1, max_size=25))
    box = st.integers(0, len(sizes) - 1)
    wires = draw(st.lists(st.tuples(box, box), max_size=60))
    return sizes, wires, draw(st.dictionaries(box, POINTS, max_size=len(sizes)))


def overlapping(points: list[Point], sizes: list[Size]) -> list[tuple[int, int]]:
    def apart(a: int, b: int) -> bool:
        (x, y), (u, v) = points[a], points[b]
        return (
            x >= u + sizes[b][0] or u >= x + sizes[a][0] or y >= v + sizes[b][1] - 1e-6 or v >= y + sizes[a][1] - 1e-6
        )

    return [(a, b) for a in range(len(points)) for b in range(a) if not apart(a, b)]


@settings(max_examples=120, deadline=None)
@given(problems())
def test_no_two_boxes_overlap(problem: tuple[list[Size], list[tuple[int, int]], dict[int, Point]]) -> None:
    sizes, wires, placed = problem
    for given_places in ({}, placed):
        points = arrange(sizes, wires, given_places)
        assert len(points) == len(sizes)
        assert overlapping(points, sizes) == []
        assert arrange(sizes, list(reversed(wires)), given_places) == points


@settings(max_examples=60, deadline=None)
@given(problems())
def test_what_is_placed_stays_where_nothing_is_in_the_way(
    problem: tuple[list[Size], list[tuple[int, int]], dict[int, Point]],
) -> None:
    sizes, wires, _ = problem
    first = arrange(sizes, wires, {})
    assert arrange(sizes, wires, dict(enumerate(first))) == first
    half = {n: first[n] for n in range(0, len(sizes), 2)}
    again = arrange(sizes, wires, half)
    assert {n: again[n] for n in half} == half


def test_of_two_placed_boxes_the_lower_one_gives_way() -> None:
    points = arrange([(100, 50), (100, 50), (100, 50)], [], {0: (0, 10), 1: (20, 0), 2: (500, 20)})
    assert points == [(0, 63.0), (20, 0), (500, 20)]


def test_wires_lead_to_the_right() -> None:
    sizes: list[Size] = [(100, 40)] * 5
    wires = [(0, 1), (1, 2), (0, 2), (3, 2), (2, 4)]
    points = arrange(sizes, wires, {})
    assert all(points[b][0] >= points[a][0] + 100 + GAP_X for a, b in wires)
    assert points[3][0] == points[1][0], "what needs nothing stands right before what needs it"


def test_a_chain_is_straight() -> None:
    points = arrange([(100, 40)] * 4, [(0, 1), (1, 2), (2, 3)], {})
    assert len({y for _, y in points}) == 1


def test_a_loop_is_opened_at_its_first_node() -> None:
    assert ranks_of(3, [(0, 1), (1, 2), (2, 0)]) == [0, 1, 2]
    assert ranks_of(2, [(1, 0), (0, 1)]) == [0, 1]


def test_wires_of_one_node_share_their_way() -> None:
    layers, links = layers_of([0, 1, 2, 3], [(0, 1), (0, 2), (0, 3), (1, 2)])
    assert layers == [[0], [1, 4], [2, 5], [3]]
    assert links == [[1, 4], [2], [], [], [2, 5], [3]]


def test_crossings_that_need_not_be_are_taken_out() -> None:
    """Four pairs wired crosswise: the order of the second column follows the first."""
    sizes: list[Size] = [(100, 40)] * 8
    wires = [(n, 7 - n) for n in range(4)]
    points = arrange(sizes, wires, {})
    left = sorted(range(4), key=lambda n: points[n][1])
    right = sorted(range(4, 8), key=lambda n: points[n][1])
    assert [7 - n for n in left] == right


def test_a_large_graph_is_arranged() -> None:
    sizes: list[Size] = [(196, 60 + 17 * (n % 5 + 1)) for n in range(300)]
    wires = [(max(n - 1 - n * 7 % 23, 0), n) for n in range(1, 300)] + [(n // 3, n) for n in range(3, 300)]
    assert overlapping(arrange(sizes, wires, {}), sizes) == []


def test_built_in_graphs_keep_their_layout_and_have_one_without() -> None:
    for name in built_in_ids():
        graph = load_graph(name)
        sizes: list[Size] = [(150, 60)] * len(graph.nodes)
        points = places_of(graph, sizes)
        assert points == [graph.layout.nodes[n.id] for n in graph.nodes]
        bare = msgspec.structs.replace(graph, layout=msgspec.structs.replace(graph.layout, nodes={}))
        arranged = places_of(bare, sizes)
        assert overlapping(arranged, sizes) == []
        assert all(arranged[a][0] < arranged[b][0] for a, b in joined(bare))


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_any_document_has_places(graph: Graph) -> None:
    sizes: list[Size] = [(196, 100)] * len(graph.nodes)
    assert overlapping(places_of(graph, sizes), sizes) == []
    assert set(numbers_of(graph)) == {n.id for n in graph.nodes}
