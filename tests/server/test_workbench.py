"""What the workbench knows of a graph: nodes on every level, outputs of embedded graphs, calls for entries."""

from typing import Any

import pytest

from engine.plan import compile_graph
from engine.registry import Registry
from server.graphs import built_in_ids, load_graph
from server.web.workbench import calls_of, nodes_of, types_of


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


def timeframe_of(graph: Any) -> str:
    return "15m" if graph.id.startswith("hh_ll") else "1h"


@pytest.mark.parametrize("name", built_in_ids())
def test_every_node_that_runs_is_known_by_its_flat_id(name: str, registry: Registry) -> None:
    graph = load_graph(name)
    plan = compile_graph(graph, registry, timeframe_of(graph))
    ran = {wire.rpartition(".")[0] for wire in plan.names}
    nodes = nodes_of(graph)
    assert ran and ran <= set(nodes)
    assert {node["type"] for node in nodes.values() if not node.get("inside")} == set(types_of(nodes, registry))


def test_an_output_of_a_sub_graph_is_led_to_the_wire_inside(registry: Registry) -> None:
    graph = load_graph("hh_ll")
    plan = compile_graph(graph, registry, "15m")
    trend = nodes_of(graph)["trend_1d"]
    assert trend["inside"] and dict(trend["outputs"])["direction"] == "trend_1d/direction.out"
    assert "trend_1d/direction.out" in plan.names


def test_nested_sub_graphs_are_known_to_the_bottom(registry: Registry) -> None:
    nodes = nodes_of(load_graph("hh_ll_in_regime"))
    deepest = max(nodes, key=lambda node: node.count("/"))
    assert deepest.count("/") == 2
    parent = deepest.rpartition("/")[0]
    assert nodes[parent]["inside"] and nodes[parent.rpartition("/")[0]]["inside"]


@pytest.mark.parametrize(("name", "calls"), [("ema_cross", ["stop.out"]), ("spread", ["position.enter"])])
def test_calls_are_the_wires_that_ask_for_entries(name: str, calls: list[str], registry: Registry) -> None:
    assert calls_of(load_graph(name), registry) == calls


def test_types_are_told_in_one_sentence_without_line_breaks(registry: Registry) -> None:
    told = types_of(nodes_of(load_graph("ema_cross")), registry)
    assert told["compare.cross_above"].startswith("True at the bar where a moves from below b")
    assert all(text and "\n" not in text for text in told.values())
