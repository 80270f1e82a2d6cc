"""Graphs of every shape, most of them broken, as Hypothesis strategies."""

from hypothesis import strategies as st

from engine.document import Edge, Graph, Interface, InterfaceInput, InterfaceOutput, Layout, NodeSpec, Parameter
from tests.engine.tiny_nodes import REGISTRY

TAGS = [*REGISTRY, "zz.qq", "", "indicator", "a.b.c", "Ünbekannt", "subgraph.s", "subgraph.s", "subgraph.gone"]
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


SHOWN = st.sampled_from(["out", "signal", "candles", "a b", "x"])
PARAMETERS = st.builds(Parameter, NAMES, st.lists(ADDRESSES, max_size=2).map(tuple), TEXTS, TEXTS)
INTERFACES = st.builds(
    Interface,
    st.integers(0, 2),
    st.lists(st.builds(InterfaceInput, SHOWN, SHOWN, st.lists(ADDRESSES, max_size=2).map(tuple)), max_size=2).map(
        tuple
    ),
    st.lists(st.builds(InterfaceOutput, SHOWN, SHOWN, ADDRESSES), max_size=2).map(tuple),
)


@st.composite
def graphs(draw: st.DrawFn, unique: bool = False, unique_edges: bool = False, depth: int = 1) -> Graph:
    """A graph; `unique` and `unique_edges` keep each node id and each wire to one, `depth` limits the nesting."""
    nodes = draw(st.lists(NODES, max_size=9, unique_by=(lambda n: n.id) if unique else None))
    edges = draw(st.lists(st.builds(Edge, ADDRESSES, ADDRESSES), max_size=14, unique_by=str if unique_edges else None))
    inner = graphs(unique, unique_edges, depth - 1) if depth else st.nothing()
    return Graph(
        1,
        "g",
        draw(TEXTS),
        "advisor",
        draw(TEXTS),
        tuple(nodes),
        tuple(edges),
        parameters=tuple(draw(st.lists(PARAMETERS, max_size=2))),
        interface=draw(st.none() | INTERFACES),
        subgraphs=draw(st.dictionaries(st.sampled_from(["s", "t"]), inner, max_size=1)) if depth else {},
        layout=draw(LAYOUTS),
    )
