"""Graphs of every shape, most of them broken, as Hypothesis strategies."""

from hypothesis import strategies as st

from engine.document import Edge, Graph, Layout, NodeSpec
from tests.engine.tiny_nodes import REGISTRY

TAGS = [*REGISTRY, "zz.qq", "", "indicator", "a.b.c", "Ünbekannt"]
IDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h", "A b", "a.b", "", "ä~/"])
PORTS = st.sampled_from(
    ["out", "a", "b", "source", "close", "candles", "signal", "size", "enter_long", "price", "", "~/"]
)
ADDRESSES = st.one_of(st.builds("{}.{}".format, IDS, PORTS), st.sampled_from(["", ".", "a", "..", "a..b"]))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["4h", "7h", "", "close", "market", "/home/x/y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    st.sampled_from(["length", "weight", "basis", "timeframe", "symbol", "percent", "order", "level", "a b", ""])
    | TEXTS
)
MODES = st.sampled_from(["on", "on", "on", "mute", "bypass"])
POLICIES = st.sampled_from(["hold", "skip", "pause"])
NODES = st.builds(
    NodeSpec,
    IDS,
    st.sampled_from(TAGS),
    st.integers(-1, 4),
    st.dictionaries(NAMES, VALUES, max_size=4),
    MODES,
    POLICIES,
    TEXTS,
)
LAYOUTS = st.builds(Layout, nodes=st.dictionaries(IDS, st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=2))


@st.composite
def graphs(draw: st.DrawFn, unique: bool = False, unique_edges: bool = False) -> Graph:
    """A graph; `unique` and `unique_edges` keep each node id and each wire to one."""
    nodes = draw(st.lists(NODES, max_size=9, unique_by=(lambda n: n.id) if unique else None))
    edges = draw(st.lists(st.builds(Edge, ADDRESSES, ADDRESSES), max_size=14, unique_by=str if unique_edges else None))
    return Graph(1, "g", draw(TEXTS), "advisor", draw(TEXTS), tuple(nodes), tuple(edges), layout=draw(LAYOUTS))
