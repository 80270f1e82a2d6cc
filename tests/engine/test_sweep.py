from pathlib import Path

import numpy as np
import pytest

from engine.backtest import MarketData, Request, backtest
from engine.candles import make_candles
from engine.columns import ColumnCache
from engine.document import decode, with_params
from engine.errors import GraphError, InputError
from engine.matching.policy import policy_named
from engine.registry import Registry
from engine.sweep import combinations, sweep

GRAPH = decode((Path(__file__).parents[2] / "graphs" / "ema_cross.json").read_bytes())
GRID = {"ema_fast.length": [5, 10], "ema_slow.length": [20, 30, 40]}
POLICY = policy_named("bybit_linear")


@pytest.fixture(scope="module")
def markets():
    rng = np.random.default_rng(3)
    bars = 1500
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, bars)))
    before = np.concatenate([close[:1], close[:-1]])
    candles = make_candles(
        "SYNTH", "1h", time=3_600_000 * np.arange(bars), open=before, high=np.maximum(before, close) * 1.001,
        low=np.minimum(before, close) * 0.999, close=close, volume=np.full(bars, 1e6), synthetic=True,
    )  # fmt: skip
    return (MarketData(candles=candles),)


def swept(markets, **options):
    return sweep(GRAPH, Registry(), markets, POLICY, 10_000.0, GRID, **options)


def test_order_is_that_of_the_grid():
    assert [tuple(c.values()) for c in combinations(GRID)] == [(5, 20), (5, 30), (5, 40), (10, 20), (10, 30), (10, 40)]


def test_each_combination_equals_a_single_backtest(markets):
    found = swept(markets)
    assert [params for params, _ in found] == combinations(GRID)
    assert len({metrics["final_equity"] for _, metrics in found}) == len(found)
    for params, metrics in found:
        request = Request(graph=with_params(GRAPH, params), markets=markets, policy=POLICY, capital=10_000.0)
        assert metrics == backtest(request, Registry()).metrics


def test_columns_that_do_not_change_are_computed_once(markets):
    cache = ColumnCache()
    swept(markets, cache=cache)
    # Once: candles, ATR, size.  Per length: 2 fast and 3 slow averages.  Per combination: two crosses, signal, stop.
    assert cache.misses == 3 + 2 + 3 + 6 * 4
    assert cache.hits + cache.misses == 6 * 9


def test_two_processes_give_what_one_gives(markets):
    assert swept(markets, processes=2) == swept(markets)


def test_an_unknown_node_is_named(markets):
    with pytest.raises(InputError, match=r"'none\.length' names no node of the graph; its nodes are candles, "):
        sweep(GRAPH, Registry(), markets, POLICY, 10_000.0, {"none.length": [1]})


@pytest.mark.parametrize("processes", [1, 2])
def test_a_value_the_node_refuses_stops_the_sweep(markets, processes):
    with pytest.raises(GraphError):
        sweep(GRAPH, Registry(), markets, POLICY, 10_000.0, {"ema_fast.length": [5, 0]}, processes=processes)
