"""Graphs as SVG: everything is drawn, broken things too, all text is text, and it is good XML."""

import re
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings

from engine.document import Edge, Graph, Interface, InterfaceInput, InterfaceOutput, Layout, NodeSpec
from engine.registry import Registry
from engine.validate import validate
from server.drawing import draw, kinds_in, level_at, picture, sheet_of, tones
from server.drawing.sheet import kinds_of
from server.errors import NotFound
from server.graphs import built_in_ids, load_graph
from tests.engine.random_graphs import graphs
from tests.engine.tiny_nodes import REGISTRY

NODES = Registry()
SVG = "{http://www.w3.org/2000/svg}"
EVIL = "\"><script>alert(1)</script>&'\x00\x1b"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def found(svg: str, name: str) -> list[ElementTree.Element]:
    """Elements that have a class."""
    return [e for e in parsed(svg).iter() if name in e.get("class", "").split()]


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in parsed(svg).iter(f"{SVG}text")]


def changed(graph: Graph, **fields: object) -> Graph:
    return msgspec.structs.replace(graph, **fields)


EMA = load_graph("ema_cross")


@pytest.mark.parametrize("name", built_in_ids())
def test_every_built_in_graph_is_drawn_whole(name: str) -> None:
    graph = load_graph(name)
    svg = draw(graph, NODES)
    assert {e.get("data-node") for e in found(svg, "node")} == {n.id for n in graph.nodes}
    wires = sorted((e.get("data-from"), e.get("data-to")) for e in found(svg, "wire"))
    assert wires == sorted((e.source, e.target) for e in graph.edges)
    assert found(svg, "broken") == found(svg, "ghost") == found(svg, "faulty") == []
    assert "style=" not in svg and "<style" not in svg and "<script" not in svg
    small = picture(graph)
    assert len(found(small, "box")) == len(graph.nodes)
    assert "style=" not in small and len(small) < 12_000


def test_nodes_come_in_the_order_of_computing() -> None:
    order = [e.get("data-node") for e in found(draw(EMA, NODES), "node")]
    assert all(order.index(e.source.split(".")[0]) < order.index(e.target.split(".")[0]) for e in EMA.edges)


def test_a_node_says_what_it_is() -> None:
    (node,) = [e for e in found(draw(EMA, NODES), "node") if e.get("data-node") == "ema_fast"]
    assert node.get("aria-label") == "ema fast, indicator.ema, length 20"
    assert (node.get("tabindex"), node.get("role")) == ("0", "button")
    told = [e.text for e in node.iter(f"{SVG}text")]
    assert told == ["ema fast", "indicator.ema", "source", "out", "length 20"]
    ports = [e.get("class") for e in node.iter(f"{SVG}circle")]
    assert ports == ["port k-number", "port k-number"]


def test_states_are_drawn() -> None:
    modes = {"atr": "mute", "ema_fast": "bypass"}
    nodes = tuple(msgspec.structs.replace(n, mode=modes.get(n.id, "on")) for n in EMA.nodes)
    svg = draw(changed(EMA, nodes=nodes), NODES)
    assert [e.get("data-node") for e in found(svg, "off")] == ["atr"]
    assert [e.get("data-node") for e in found(svg, "around")] == ["ema_fast"]
    assert {"muted", "bypassed"} <= set(texts(svg))


def test_timeframes_are_badges() -> None:
    graph = load_graph("market_regime")
    report = validate(graph, NODES)
    svg = draw(graph, NODES, report=report)
    badges = {
        node.get("data-node"): [e.text for e in node.iter(f"{SVG}text") if e.get("class") == "badge-text"]
        for node in found(svg, "node")
    }
    assert badges == {n.id: [c] if (c := report.derived.clocks.get(n.id)) else [] for n in graph.nodes}
    assert any(badges.values())


def test_unknown_nodes_and_broken_wires_stay() -> None:
    nodes = (*EMA.nodes[:1], NodeSpec("ghost", "gone.node", 7, {"a": 1}), *EMA.nodes[1:])
    edges = (
        *EMA.edges,
        Edge("candles.close", "ghost.source"),
        Edge("ghost.out", "entry.price2"),
        Edge("nowhere.out", "atr.candles"),
        Edge("atr.out", "gone.x"),
        Edge("a.b", "c.d"),
    )
    graph = changed(EMA, nodes=nodes, edges=edges)
    svg = draw(graph, NODES)
    (ghost,) = found(svg, "ghost")
    assert "unknown type gone.node" in ghost.get("aria-label", "")
    assert [t.text for t in ghost.iter(f"{SVG}text")][2:] == ["source", "out", "a 1"]
    ends = {(e.get("data-from"), e.get("data-to")) for e in found(svg, "wire")}
    assert ends == {(e.source, e.target) for e in edges[:-1]}
    broken = {(e.get("data-from"), e.get("data-to")) for e in found(svg, "broken")}
    assert broken >= {("ghost.out", "entry.price2"), ("nowhere.out", "atr.candles"), ("atr.out", "gone.x")}
    assert "broken wire a.b → c.d" in texts(svg)
    assert {e.get("data-node") for e in found(svg, "faulty")} >= {"ghost", "entry"}


def test_a_wire_of_the_wrong_kind_is_broken() -> None:
    graph = changed(EMA, edges=(*EMA.edges[:-1], Edge("atr.out", "order.size")))
    assert [e.get("data-to") for e in found(draw(graph, NODES), "broken")] == ["order.size"]


def test_the_inside_of_a_sub_graph_is_opened() -> None:
    graph = load_graph("hh_ll")
    svg = draw(graph, NODES, path="trend_1d")
    assert {e.get("data-node") for e in found(svg, "node")} == {
        f"trend_1d/{n.id}" for n in graph.subgraphs["trend"].nodes
    }
    assert [e.text for s in found(svg, "stub") for e in s.iter(f"{SVG}text")] == ["candles", "direction", "high", "low"]
    (longer,) = [e for e in found(svg, "node") if e.get("data-node") == "trend_1d/longer"]
    assert "1d" in validate(graph, NODES).derived.clocks.values() and longer is not None
    values = {e.get("data-wire") for e in found(svg, "wire")}
    assert {"candles.candles", "trend_1d/pivots.high"} <= values, "an input carries what the outer wire carries"
    level = level_at(graph, "trend_1d")
    assert [(c.title, c.path) for c in level.crumbs] == [("HH/LL top-down", ""), ("trend 1d", "trend_1d")]
    params = {n.id: n.params for n in level.graph.nodes}
    assert params["longer"]["timeframe"] == "1d", "the embedding node's params are set"


def test_wires_of_sub_graph_nodes_name_the_value_inside() -> None:
    svg = draw(load_graph("hh_ll"), NODES)
    carried = {e.get("data-from"): e.get("data-wire") for e in found(svg, "wire")}
    assert carried["trend_1d.direction"] == "trend_1d/direction.out"
    deep = load_graph("hh_ll_in_regime")
    inside = draw(deep, NODES, path="structure/trend_1d")
    assert len(found(inside, "node")) == 7
    outer = {e.get("data-from"): e.get("data-wire") for e in found(draw(deep, NODES), "wire")}
    assert all("/" in str(wire) for source, wire in outer.items() if str(source).startswith("structure."))
    shown = {e.get("data-wire") for e in found(svg, "value")}
    assert shown == set(carried.values())


@pytest.mark.parametrize("path", ["nothing", "ema_fast", "trend_1d/pivots", "/", "trend_1d//"])
def test_a_path_that_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(NotFound, match="no sub-graph"):
        draw(load_graph("hh_ll"), NODES, path=path)


def test_values_have_a_place_only_if_asked_for() -> None:
    assert found(draw(EMA, NODES, values=False), "value") == []
    assert len(found(draw(EMA, NODES), "value")) == len({e.source for e in EMA.edges})


def test_frames_and_notes_are_drawn() -> None:
    around = {"title": "Entry", "nodes": ["cross_up", "cross_down", "gone"]}
    own = {"title": "Own", "x": 1, "y": 2, "width": 30, "height": 40}
    note = {"text": "Long when the fast average crosses above the slow one\nelse short", "x": -50, "y": 9.5}
    layout = Layout(EMA.layout.nodes, [around, own, "?", {}], [note, 7, {"text": "nowhere"}])
    svg = draw(changed(EMA, layout=layout), NODES)
    assert [t.text for f in found(svg, "frame") for t in f.iter(f"{SVG}text")] == ["Entry", "Own"]
    (drawn,) = found(svg, "note")
    assert " ".join(t.text or "" for t in drawn.iter(f"{SVG}text")).endswith("slow one else short")


def test_changes_can_be_marked() -> None:
    svg = draw(EMA, NODES, marks={"atr": "changed", "size": "added"})
    assert [e.get("data-node") for e in found(svg, "changed")] == ["atr"]
    assert [e.get("data-node") for e in found(svg, "added")] == ["size"]


def test_all_text_is_escaped() -> None:
    node = NodeSpec(EVIL, f"gone.{EVIL}", 1, {EVIL: EVIL}, label=EVIL)
    embedding = NodeSpec("s", f"subgraph.{EVIL}", 1, {})
    inner = changed(
        EMA, interface=Interface(1, (InterfaceInput(EVIL, EVIL, ()),), (InterfaceOutput(EVIL, EVIL, EVIL),))
    )
    layout = Layout({EVIL: (1e300, -1e300)}, [{"title": EVIL, "nodes": [EVIL]}], [{"text": EVIL, "x": 0, "y": 0}])
    graph = changed(
        EMA, name=EVIL, nodes=(node, node, embedding), edges=(Edge(EVIL, EVIL), Edge(f"{EVIL}.a", f"{EVIL}.b")),
        subgraphs={EVIL: inner}, layout=layout,
    )  # fmt: skip
    for svg in (draw(graph, NODES), picture(graph), draw(graph, NODES, path="s")):
        parsed(svg)
        assert "<script" not in svg and not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", svg)


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_any_document_is_drawn(graph: Graph) -> None:
    svg = draw(graph, REGISTRY)
    assert len(found(svg, "node")) == len(graph.nodes)
    level = level_at(graph, "")
    sheet = sheet_of(level, REGISTRY, validate(graph, REGISTRY))
    assert len(sheet.wires) + len(sheet.loose) == len(graph.edges)
    assert len(found(svg, "wire")) == len(sheet.wires)
    parsed(picture(graph))


def test_the_legend_names_the_kinds_that_are_there() -> None:
    sheet = sheet_of(level_at(EMA, ""), NODES, validate(EMA, NODES))
    legend = tones(kinds_in(kinds_of(sheet)))
    assert [tone.name for tone in legend] == ["candles", "number", "flag", "signal", "size", "exit policy"]
    assert tones({"unknown", "made-up", "any"})[-1].css == "k-unknown"


def test_pictures_and_canvases_are_the_same_each_time() -> None:
    graph = load_graph("market_regime")
    bare = changed(graph, layout=Layout())
    assert draw(bare, NODES) == draw(bare, NODES)
    assert picture(bare) == picture(bare)
