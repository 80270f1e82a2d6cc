"""The built-in graphs on the invented markets: every trade has its reason, every other bar what it lacked."""

from functools import cache

import numpy as np
import pytest

from engine.backtest import MarketData, Request, backtest
from engine.candles import Candles
from engine.document import Graph
from engine.explain import Explainer
from engine.graph_tests import fixtures_for
from engine.legs import legs_of
from engine.matching.policy import policy_named
from engine.registry import Registry
from engine.result import Result
from engine.sim.fixtures import fixture, fixture_pair
from engine.sim.synthetic import synthetic_candles
from server.graphs import built_in_ids, load_graph

REGISTRY = Registry()


@cache
def results(name: str) -> list[Result]:
    """A built-in graph on each invented market it can run on, and on a long one for those that seldom trade."""
    graph = load_graph(name)
    legs = legs_of(graph, REGISTRY)
    names = fixtures_for(graph, REGISTRY)
    given = [fixture_pair(n, legs[0]) if legs else (fixture(n),) for n in names]
    if not legs:
        given.append((synthetic_candles(3, 20_000),))
    return [_run(graph, candles) for candles in given]


def _run(graph: Graph, candles: tuple[Candles, ...]) -> Result:
    markets = tuple(MarketData(candles=c) for c in candles)
    return backtest(Request(graph=graph, markets=markets, policy=policy_named("bybit_linear"), capital=1e4), REGISTRY)


GRAPHS = built_in_ids()


@pytest.mark.parametrize("name", GRAPHS)
def test_trades_explain_themselves(name: str) -> None:
    """At least 99 % of the trades have a slice, and a comparison in it that decided."""
    trades = explained = 0
    for result in results(name):
        for market in range(len(result.candles)):
            rows = np.flatnonzero(result.trades["symbol"] == market)
            slices = Explainer(result, market).decided(rows)
            trades += len(slices)
            explained += sum(
                any(c.value is not None and c.met for c in s.conditions) and len(s.nodes) > 2 and s.size != ""
                for s in slices
            )
            if len(result.candles) == 1:  # a leg may be opposite to the side of its spread
                sides = ["long" if side > 0 else "short" for side in result.trades["side"].tolist()]
                assert [s.side for s in slices] == sides
    assert trades > 0
    assert explained >= 0.99 * trades, f"{explained} of {trades}"


@pytest.mark.parametrize("name", GRAPHS)
def test_bars_without_a_trade_say_what_they_lacked(name: str) -> None:
    """On either side that was not met there is a condition, in order, and none of them was met."""
    result = results(name)[0]
    explainer = Explainer(result)
    told = explainer.many(np.arange(0, len(explainer.base), 7), 1000)
    for _, sides in told:
        for side in sides:
            assert side.met == (not side.conditions)
            assert all(not c.met for c in side.conditions)
            distances = [c.distance for c in side.conditions if c.distance is not None]
            assert distances == sorted(distances)


@pytest.mark.parametrize("name", GRAPHS)
def test_many_bars_at_once_are_as_one_by_one(name: str) -> None:
    result = results(name)[0]
    explainer = Explainer(result)
    rows = np.arange(0, len(explainer.base), 149)
    for row, (happened, sides) in zip(rows.tolist(), explainer.many(rows, 1000), strict=True):
        one = explainer.at(row)
        assert one.sides == sides
        assert (one.outcome, one.summary) == (happened.outcome, happened.sentence)
