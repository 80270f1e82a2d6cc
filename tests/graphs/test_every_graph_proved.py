"""Every built-in graph: proved, and the same bar by bar, on an invented market and on real candles."""

from functools import cache
from pathlib import Path

import pytest

from engine.backtest import MarketData, Request
from engine.candles import Candles
from engine.legs import legs_of
from engine.matching.policy import policy_named
from engine.parity import parity
from engine.prove import prove
from engine.registry import Registry
from engine.sim.synthetic import Market, synthetic_candles
from server.adapters.candle_files import read_candles
from server.graphs import built_in_ids, load_graph

REGISTRY = Registry()
DATA = Path(__file__).parents[3] / "shared/data"
GRAPHS = pytest.mark.parametrize("name", built_in_ids())
BARS, CUTS, FED = 4000, 10, 60


@cache
def invented(symbol: str) -> Candles:
    return synthetic_candles(len(symbol), BARS, Market(symbol=symbol, timeframe="15m"))


@cache
def real(symbol: str) -> Candles:
    file = DATA / f"BYBIT_{symbol}_1h.csv.gz"
    if not file.exists():
        pytest.skip("candles (../shared/data) are not there")
    whole = read_candles(file, symbol=symbol)
    return whole.part(10_000, 10_000 + BARS)


def request_on(name: str, source: object) -> Request:
    """A run of a graph on bitcoin, with the markets of its other legs beside it."""
    graph = load_graph(name)
    candles = [source(symbol) for symbol in ("BTCUSDT", *legs_of(graph, REGISTRY))]  # type: ignore[operator]
    markets = tuple(MarketData(candles=c) for c in candles)
    return Request(graph=graph, markets=markets, policy=policy_named("bybit_linear"), capital=10_000.0)


@GRAPHS
@pytest.mark.parametrize("source", [invented, real], ids=["invented", "real"])
def test_is_proved(name: str, source: object) -> None:
    proof = prove(request_on(name, source), REGISTRY, cuts=CUTS)
    assert [p.message for p in proof.problems] == []
    assert proof.ok
    assert {s.node: s.reason for s in proof.seals if s.seal != "clean"} == {}


@GRAPHS
@pytest.mark.parametrize("source", [invented, real], ids=["invented", "real"])
def test_is_the_same_bar_by_bar(name: str, source: object) -> None:
    answer = parity(request_on(name, source), REGISTRY, bars=FED)
    assert [d.message for d in answer.differences] == []
    assert answer.values > FED
