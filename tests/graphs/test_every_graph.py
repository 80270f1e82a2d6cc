"""Every built-in graph: valid everywhere, canonical on disk, drawn whole, and as good as its own tests say."""

from typing import Any

import msgspec
import pytest

from engine.document import Expectation, Graph, GraphTest, decode, encode, logic_hash
from engine.graph_tests import fixtures_for, run_graph_tests
from engine.registry import Registry
from engine.textform import parse, to_text
from engine.timeframe import DURATIONS
from engine.validate import validate
from server.graphs import BUILT_IN, built_in_ids, load_graph

REGISTRY = Registry()
GRAPHS = pytest.mark.parametrize("name", built_in_ids())


def test_there_are_graphs() -> None:
    assert {"ema_cross", "rsi_reversal", "donchian_breakout", "spread"} <= set(built_in_ids())


@GRAPHS
def test_is_valid_on_every_timeframe(name: str) -> None:
    graph = load_graph(name)
    for timeframe in (None, *DURATIONS):
        report = validate(graph, REGISTRY, timeframe=timeframe)
        assert report.ok
        assert report.issues == (), timeframe
        assert report.derived.unreachable == ()


@GRAPHS
def test_file_is_as_the_editor_would_save_it(name: str) -> None:
    text = (BUILT_IN / f"{name}.json").read_bytes()
    graph = decode(text)
    assert encode(graph) == text
    assert graph.id == name
    assert graph.name
    assert graph.description.endswith(".")


@GRAPHS
def test_text_form_gives_the_logic_back(name: str) -> None:
    graph = load_graph(name)
    again = parse(to_text(graph))
    assert logic_hash(again) == logic_hash(graph)
    assert to_text(again) == to_text(graph)


@GRAPHS
def test_every_node_is_drawn_and_no_other(name: str) -> None:
    graph = load_graph(name)
    places = graph.layout.nodes
    assert places.keys() == {node.id for node in graph.nodes}
    assert len(set(places.values())) == len(places), "two boxes lie on each other"
    for edge in graph.edges:
        source, target = (places[end.partition(".")[0]] for end in (edge.source, edge.target))
        assert source[0] < target[0], f"{edge.source} -> {edge.target} is drawn from right to left"


@GRAPHS
def test_passes_the_tests_in_its_document(name: str) -> None:
    graph = load_graph(name)
    outcomes = run_graph_tests(graph, REGISTRY)
    assert len(outcomes) == len(graph.tests) >= 2
    assert {o.name: o.failures for o in outcomes if not o.passed} == {}
    assert any(test.expect.trades == 0 for test in graph.tests), "nothing says when it must not trade"


FALSE: dict[str, tuple[dict[str, Any], str]] = {
    "trades": ({"trades": 123456}, "expected 123456 trades, got"),
    "min_trades": ({"min_trades": 123456}, "expected at least 123456 trades, got"),
    "max_trades": ({"max_trades": -1}, "expected at most -1 trades, got"),
    "sides": ({"sides": ["long"] * 1000}, "expected sides ['long', "),
    "exit_reasons": ({"exit_reasons": ["liquidated", "reduced"]}, "expected exits by ['liquidated', 'reduced'], got"),
    "min_return": ({"min_return": 1e6}, "expected a return of at least 1e+06, got"),
}


@GRAPHS
@pytest.mark.parametrize("expectation", FALSE)
def test_false_expectation_is_reported(name: str, expectation: str) -> None:
    fields, message = FALSE[expectation]
    graph = load_graph(name)
    known = fixtures_for(graph, REGISTRY)
    candles = "fixture:wave" if "fixture:wave" in known else known[0]
    tests = (GraphTest("false", candles, Expectation(**fields)),)
    (outcome,) = run_graph_tests(msgspec.structs.replace(graph, tests=tests), REGISTRY)
    assert not outcome.passed
    assert [message in failure for failure in outcome.failures] == [True]


def test_one_of_two_first_sides_is_false() -> None:
    graph = load_graph("ema_cross")
    tests = tuple(GraphTest(side, "fixture:wave", Expectation(first_side=side)) for side in ("long", "short"))
    outcomes = run_graph_tests(msgspec.structs.replace(graph, tests=tests), REGISTRY)
    assert sorted(o.passed for o in outcomes) == [False, True]


@GRAPHS
def test_every_mutilated_graph_is_refused_or_trades_otherwise(name: str) -> None:
    """No wire is there for nothing: without it the graph is invalid, warned about or another strategy."""
    graph = load_graph(name)
    for i in range(len(graph.edges)):
        cut: Graph = msgspec.structs.replace(graph, edges=graph.edges[:i] + graph.edges[i + 1 :])
        assert logic_hash(cut) != logic_hash(graph)
        report = validate(cut, REGISTRY)
        assert report.issues or _figures(cut) != _figures(graph), graph.edges[i]


def _figures(graph: Graph) -> list[tuple[str, ...]]:
    """What a back-test on each fixture says, told apart by expectations that nothing meets."""
    never = Expectation(trades=-1, min_return=1e9)
    tests = tuple(GraphTest(name, name, never) for name in fixtures_for(graph, REGISTRY))
    return [outcome.failures for outcome in run_graph_tests(msgspec.structs.replace(graph, tests=tests), REGISTRY)]


@GRAPHS
def test_an_embedded_built_in_is_the_built_in(name: str) -> None:
    """A definition that bears the id of a built-in graph has its logic, so that the two cannot drift apart."""
    for definition in load_graph(name).subgraphs.values():
        if definition.id in built_in_ids():
            assert logic_hash(definition) == logic_hash(load_graph(definition.id)), definition.id
            assert definition.parameters == load_graph(definition.id).parameters
