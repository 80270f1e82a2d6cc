"""Orders of every kind give what the engine gives on the same candles without the server."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.backtest import backtest
from engine.candles import Candles, make_candles
from engine.document import Graph, with_params
from engine.errors import InputError
from engine.matching.engine import Funding
from engine.matching.policy import policy_named
from engine.request import MarketData, Request
from engine.result import Result
from engine.sim.synthetic import Market, synthetic_candles
from server.backtests import job
from server.backtests.ask import MarketAsk
from server.errors import NotFound
from server.graph_checks import registry
from server.graphs import load_graph
from server.store.backtests import StoredBacktest
from server.store.packing import unpack
from tests.backtests.conftest import SHORT
from tests.backtests.started import Started
from tests.nodes.cointegrated import cointegrated

OTHER = synthetic_candles(21, 2_400, Market(symbol="OTHERUSDT", price=200.0, tick=0.01))
MIDDLE = int(SHORT.time[1_300])
LATE = int(SHORT.time[2_100])


def direct(graph: Graph, markets: Sequence[MarketData], **values: Any) -> Result:
    """The run without worker, packing and store."""
    policy = policy_named("bybit_linear")
    return backtest(Request(graph=graph, markets=tuple(markets), policy=policy, capital=10_000.0, **values), registry())


async def check(started: Started, run: str, expected: Result) -> StoredBacktest:
    """What was stored is what was expected, to the last bit."""
    found = await started.ended(run)
    assert found.status == "done", found.error
    kept = await started.store.backtests.columns(run, started.owner, ["equity", "trades"])
    equity = unpack(kept["equity"])
    assert isinstance(equity, np.ndarray) and equity.tobytes() == expected.equity.tobytes()
    assert kept["trades"] == job.packed_trades(expected)
    assert len(expected.trades), "the case shows something"
    return found


def market(candles: Candles, **values: Any) -> MarketAsk:
    return MarketAsk(symbol=candles.symbol, timeframe=candles.timeframe, **values)


async def test_two_markets_on_one_account_from_a_date_to_a_date(started: Started) -> None:
    await started.store.candles.add(OTHER)
    run = await started.submit(SHORT, markets=[market(SHORT), market(OTHER)], start=MIDDLE, end=LATE)
    pair = [MarketData(candles=SHORT), MarketData(candles=OTHER)]
    found = await check(started, run, direct(load_graph("ema_cross"), pair, start=MIDDLE, end=LATE))
    assert found.result and [m["symbol"] for m in found.result["markets"]] == ["SYNTHUSDT", "OTHERUSDT"]
    for number in (0, 1):
        why = msgspec.json.decode(await started.service.why(run, started.owner, number, 700))
        assert why["long"]["conditions"] and why["short"]["conditions"]
    for outside in ((2, 0), (0, 100_000)):
        with pytest.raises(NotFound):
            await started.service.why(run, started.owner, *outside)


@pytest.mark.parametrize("graph", ["ema_cross", "market_regime"])
async def test_a_start_leaves_the_warm_up_before_it(started_on_sqlite: Started, graph: str) -> None:
    """The same bars are traded whether the candles before are cut off by the server or by the engine."""
    candles = synthetic_candles(5, 9_000, Market(symbol="LONGUSDT"))
    await started_on_sqlite.store.candles.add(candles)
    start = int(candles.time[5_003])
    run = await started_on_sqlite.submit(candles, graph, start=start)
    await check(started_on_sqlite, run, direct(load_graph(graph), [MarketData(candles=candles)], start=start))


async def test_parameters_by_node_and_by_name(started_on_sqlite: Started) -> None:
    params = {"ema_fast.length": 9, "ema_slow.length": 30}
    run = await started_on_sqlite.submit(SHORT, params=params)
    graph = with_params(load_graph("ema_cross"), params)
    found = await check(started_on_sqlite, run, direct(graph, [MarketData(candles=SHORT)]))
    assert found.request["params"] == params


async def test_finer_candles_and_funding(started_on_sqlite: Started) -> None:
    finer = synthetic_candles(31, 2_500 * 12, Market(symbol="FINEUSDT", timeframe="5m"))
    coarse = made_of(finer)
    store = started_on_sqlite.store.candles
    await store.add(finer)
    await store.add(coarse)
    times = coarse.time[::8].copy()
    rates = np.full(len(times), 0.0003)
    await store.add_funding("FINEUSDT", times, rates, origin="test")
    run = await started_on_sqlite.submit(coarse, markets=[market(coarse, finer="5m")])
    data = MarketData(candles=coarse, finer=finer, funding=Funding(time=times, rate=rates))
    with_funding = direct(load_graph("ema_cross"), [data])
    await check(started_on_sqlite, run, with_funding)
    run = await started_on_sqlite.submit(coarse, markets=[market(coarse, finer="5m", funding=False)])
    without = direct(load_graph("ema_cross"), [MarketData(candles=coarse, finer=finer)])
    await check(started_on_sqlite, run, without)
    assert with_funding.equity.tobytes() != without.equity.tobytes()


def made_of(finer: Candles) -> Candles:
    """Hours of five minutes."""
    rows = [getattr(finer, name).reshape(-1, 12) for name in ("time", "open", "high", "low", "close", "volume")]
    time, first, high, low, last, volume = rows
    return make_candles(
        finer.symbol, "1h", time=time[:, 0].copy(), open=first[:, 0].copy(), high=high.max(1), low=low.min(1),
        close=last[:, -1].copy(), volume=volume.sum(1), origin="test", synthetic=True,
    )  # fmt: skip


async def test_funding_that_is_insisted_on_and_missing_is_a_refusal(started_on_sqlite: Started) -> None:
    with pytest.raises(InputError, match="no funding rates of SYNTHUSDT are stored"):
        await started_on_sqlite.submit(SHORT, markets=[market(SHORT, funding=True)])


@pytest.mark.parametrize("start", [None, 400])
async def test_both_legs_of_a_pair(started: Started, start: int | None) -> None:
    legs = cointegrated(1_500, 5, 2.0, keep=0.85)
    time = SHORT.time[:1_500].copy()
    x, y = [leg(name, time, close) for name, close in zip(("XUSDT", "YUSDT"), legs, strict=True)]
    for one in (x, y):
        await started.store.candles.add(one)
    short = {
        "window": 60, "pair": "YUSDT", "levels.history": 60, "order.fees": 0.0, "order.by_confidence": False,
        "levels.min_rr": 0.0, "order.leverage": 20.0, "cointegration.level": 0.5,
    }  # fmt: skip
    at = None if start is None else int(time[start])
    run = await started.submit(x, "spread", markets=[market(x), market(y)], params=short, start=at)
    graph = with_params(load_graph("spread"), short)
    found = await check(started, run, direct(graph, [MarketData(candles=x), MarketData(candles=y)], start=at))
    assert found.result and [m["leg_of"] for m in found.result["markets"]][1] is not None
    for number in (0, 1):
        why = msgspec.json.decode(await started.service.why(run, started.owner, number, 200))
        assert why["sentence"]
    row = await started.store.backtests.trade(run, started.owner, 2)
    assert row.slice and (await started.service.slice(run, started.owner, 2))


def leg(symbol: str, time: Any, close: Any) -> Candles:
    opened = np.concatenate(([close[0]], close[:-1]))
    return make_candles(
        symbol, "1h", time=time, open=opened, high=np.maximum(opened, close), low=np.minimum(opened, close),
        close=close, volume=np.full(len(close), 1e6), origin="test", synthetic=True,
    )  # fmt: skip
