"""The bar-by-bar executor against the vector pass: clocks, loops, folds, watchlists, checkpoints, failures."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.backtest import MarketData, Request
from engine.candles import Candles, make_candles
from engine.columns import Supply, run_columns
from engine.compare import first_difference
from engine.errors import InputError, NodeError
from engine.live import LiveColumns, joined
from engine.live.join import joined as join
from engine.matching.policy import FRICTIONLESS
from engine.parity import Parity, parity
from engine.plan import compile_graph
from engine.resample import resample
from engine.rows import rows_of
from engine.session import Session, Wanted, drive
from engine.timeframe import HOUR
from engine.values import Labels, Line, Text, Zones, make_zones
from tests.engine.executor import candles, graph, walk
from tests.engine.faulty_nodes import FAULTY

ORDER = {"size": ("size.quantity", {"quantity": 1.0}), "entry": "signal.flags", "order": "order.place"}
PLACED = ["c.close > entry.price", "entry.out > order.signal", "size.out > order.size"]
MARKET = candles(walk(700, 21))


def around(nodes: dict[str, Any], wires: list[str], flag: str, **on_error: str) -> Any:
    """A graph whose entries come from a flag."""
    all_nodes = {"c": "source.candles", **nodes, **ORDER}
    return graph(all_nodes, [*wires, *PLACED, f"{flag} > entry.enter_long"], FAULTY, **on_error)


def replay(document: Any, *markets: MarketData, bars: int = 150, **request: Any) -> Parity:
    given = markets or (MarketData(candles=MARKET),)
    return parity(
        Request(graph=document, markets=given, policy=FRICTIONLESS, capital=10_000.0, **request), FAULTY, bars=bars
    )


CROSS = (
    {"mean": ("indicator.ema", {"length": 9}), "up": "compare.cross_above"},
    ["c.close > mean.source", "c.close > up.a", "mean.out > up.b"],
)
LOOP = (
    {
        "before": ("memory.delay", {"initial": 0.0}), "half": ("math.constant", {"value": 0.5}),
        "damped": "math.multiply", "sum": "math.add", "hot": "compare.greater",
    },
    [
        "sum.out > before.a", "c.close > half.like", "before.out > damped.a", "half.out > damped.b",
        "damped.out > sum.a", "c.close > sum.b", "sum.out > hot.a", "c.close > hot.b",
    ],
)  # fmt: skip
COUNTING_LOOP = (
    {
        "up": ("compare.above_level", {"level": 0.0}), "count": "memory.counter",
        "full": ("compare.above_level", {"level": 2.5}), "reset": ("memory.delay_flag", {"initial": False}),
    },
    ["c.close > up.a", "up.out > count.flag", "reset.out > count.reset", "count.out > full.a", "full.out > reset.a"],
)  # fmt: skip
SLOW = (
    {"slow": ("time.resample", {"timeframe": "4h"}), "trend": ("indicator.sma", {"length": 3}), "aligned": "time.align",
     "up": "compare.cross_above"},
    ["c.candles > slow.candles", "slow.close > trend.source", "trend.out > aligned.source",
     "c.candles > aligned.candles", "c.close > up.a", "aligned.out > up.b"],
)  # fmt: skip


def assert_same(answer: Parity) -> None:
    assert answer.differences == (), [d.message for d in answer.differences]
    assert answer.ok
    assert answer.values > 0


def test_indicators_signals_and_orders_are_the_same() -> None:
    answer = replay(around(*CROSS, "up.out"))
    assert_same(answer)
    assert (answer.history, answer.bars) == (550, 150)
    assert answer.orders > 10


def test_loops_and_folds_in_loops_are_the_same() -> None:
    assert_same(replay(around(*LOOP, "hot.out")))
    assert_same(replay(around(*COUNTING_LOOP, "full.out")))


def test_a_longer_timeframe_runs_when_its_bars_close() -> None:
    assert_same(replay(around(*SLOW, "up.out")))


def with_a_gap() -> Candles:
    """Hourly candles in which 3 to 11 bars lack here and there, at all phases of longer bars."""
    keep = np.ones(700, bool)
    for start, length in ((80, 3), (563, 5), (601, 11), (640, 4), (661, 7)):
        keep[start : start + length] = False
    columns = {n: getattr(MARKET, n)[keep] for n in ("time", "open", "high", "low", "close", "volume")}
    return make_candles("BTCUSDT", "1h", **columns)


def test_missing_bars_are_the_same() -> None:
    assert_same(replay(around(*SLOW, "up.out"), MarketData(candles=with_a_gap())))


@pytest.mark.parametrize("given", [False, True])
def test_given_and_made_candles_of_another_timeframe_are_the_same(given: bool) -> None:
    nodes = {"slow": ("source.candles", {"timeframe": "4h"}), "aligned": "time.align", "up": "compare.cross_above"}
    wires = ["slow.close > aligned.source", "c.candles > aligned.candles", "c.close > up.a", "aligned.out > up.b"]
    others = (resample(MARKET, "4h"),) if given else ()
    assert_same(replay(around(nodes, wires, "up.out"), MarketData(candles=MARKET, others=others)))


@pytest.mark.parametrize("timeframe", ["", "4h"])
def test_another_market_is_the_same(timeframe: str) -> None:
    nodes = {
        "eth": ("source.candles", {"symbol": "ETHUSDT", "timeframe": timeframe}), "aligned": "time.align",
        "up": "compare.cross_above",
    }  # fmt: skip
    wires = ["eth.close > aligned.source", "c.candles > aligned.candles", "c.close > up.a", "aligned.out > up.b"]
    other = candles(walk(700, 22), symbol="ETHUSDT")
    assert_same(replay(around(nodes, wires, "up.out"), MarketData(candles=MARKET, others=(other,))))


def test_watchlists_with_bars_of_their_own_are_the_same() -> None:
    document = around(
        {"rank": "watchlist.rank", "first": ("compare.below_level", {"level": 1.5})},
        ["c.close > rank.score", "rank.out > first.a"],
        "first.out",
    )
    late = candles(walk(300, 23), symbol="LATE", start=350 * HOUR)
    gone = candles(walk(620, 24), symbol="GONE")
    assert_same(replay(document, *(MarketData(candles=c) for c in (MARKET, late, gone))))


def test_decisions_with_a_memory_and_an_account_are_the_same() -> None:
    document = graph({"c": "source.candles", "buy": "test.buy_streak"}, ["c.close > buy.close"], FAULTY)
    answer = replay(document)
    assert_same(answer)
    assert answer.fills > 5


def test_a_run_from_a_date_on_is_the_same() -> None:
    assert_same(replay(around(*CROSS, "up.out"), start=int(MARKET.time[400]), end=int(MARKET.time[690])))


# --- what differs is named --------------------------------------------------------------------------------------------


def number_node(tag: str, **on_error: str) -> Any:
    wires = ["c.close > it.a", "c.close > up.a", "it.out > up.b"]
    return around({"it": tag, "up": "compare.cross_above"}, wires, "up.out", **on_error)


@pytest.mark.parametrize("tag", ["fault.short_memory", "fault.forgets"])
def test_the_first_difference_names_node_port_bar_and_both_values(tag: str) -> None:
    answer = replay(number_node(tag))
    assert not answer.ok
    first = answer.differences[0]
    assert (first.what, first.node, first.port, first.inherited) == ("value", "it", "out", False)
    assert first.live != first.vector
    assert MARKET.close_time[549] < first.bar_time <= MARKET.close_time[-1]
    assert first.message.startswith("it.out of BTCUSDT at the bar that closes 1970-01-2")
    assert all(d.inherited for d in answer.differences if d.what == "value" and d.node != "it")


def test_orders_that_differ_are_told() -> None:
    wires = ["c.close > it.a", "it.out > not.a", "not.out > entry.enter_short"]
    document = around({"it": "fault.every_other", "not": "logic.not"}, wires, "it.out")
    answer = replay(document)
    kinds = {d.what for d in answer.differences}
    assert {"value", "order", "fill", "trade", "equity"} <= kinds
    order = next(d for d in answer.differences if d.what == "order")
    assert order.node == "order"
    assert "bar by bar" in order.message and "in one pass" in order.message


@pytest.mark.parametrize("bars", [0, -5, 10**7])
def test_an_impossible_number_of_bars_is_refused(bars: int) -> None:
    with pytest.raises(InputError, match="one at a time; use 1 to"):
        replay(around(*CROSS, "up.out"), bars=bars)


def test_a_single_bar_is_refused_and_a_short_history_is_used_whole() -> None:
    document = around(*CROSS, "up.out")
    with pytest.raises(InputError, match="needs at least two bars"):
        replay(document, MarketData(candles=MARKET.part(0, 1)))
    answer = replay(document, MarketData(candles=MARKET.part(0, 40)), bars=500)
    assert (answer.history, answer.bars) == (1, 39)
    assert_same(answer)


# --- the executor by itself -------------------------------------------------------------------------------------------


def begin(document: Any, market: Candles, history: int, checkpoint: bytes | None = None) -> LiveColumns:
    plan = compile_graph(document, FAULTY, market.timeframe)
    return LiveColumns.start(plan, (Supply(market.part(0, history)),), checkpoint)


def test_several_bars_at_once_are_the_bars_one_by_one() -> None:
    """A run that was away for some bars catches up in one call."""
    for shape, flag in ((CROSS, "up.out"), (SLOW, "up.out"), (LOOP, "hot.out"), (COUNTING_LOOP, "full.out")):
        document = around(*shape, flag)
        (whole,) = run_columns(compile_graph(document, FAULTY, "1h"), (Supply(MARKET),))
        live = begin(document, MARKET, 500)
        for start, stop in ((500, 507), (507, 508), (508, 547), (547, 600)):
            live.advance([MARKET.part(start, stop)])
            for slot, rows in live.news[0].items():
                stop_row = int(
                    np.searchsorted(
                        whole.supply.clock(live.plan.slot_clocks[slot]).close_time, MARKET.close_time[stop - 1], "right"
                    )
                )
                count = len(rows) if hasattr(rows, "__len__") else 0
                if count:
                    expected = rows_of(whole.values[slot], stop_row - count, stop_row)
                    difference = first_difference(rows, expected, count, like=whole.values[slot])
                    assert difference is None, (live.plan.names[slot], difference)


def test_folds_go_on_from_a_checkpoint() -> None:
    document = around(*COUNTING_LOOP, "full.out")
    live = begin(document, MARKET, 500)
    again = begin(document, MARKET, 500, live.checkpoint())
    assert again.lanes[0].states == live.lanes[0].states
    assert list(again.lanes[0].states) == ["count"]


def test_a_checkpoint_of_another_graph_is_refused() -> None:
    stored = begin(around(*CROSS, "up.out"), MARKET, 500).checkpoint()
    with pytest.raises(InputError, match="the checkpoint is of graph b2:"):
        begin(around(*LOOP, "hot.out"), MARKET, 500, stored)
    with pytest.raises(InputError, match="the checkpoint cannot be read"):
        begin(around(*LOOP, "hot.out"), MARKET, 500, b"no")


def test_the_latest_row_drives_a_session() -> None:
    document = around(*CROSS, "up.out")
    live = begin(document, MARKET, 500)
    (whole,) = run_columns(live.plan, (Supply(MARKET),))
    session = Session(live.plan, live.row(0))
    wanted: list[int] = []
    for bar in range(500, 700):
        live.advance([MARKET.part(bar, bar + 1)])
        live.row(0)
        account: Any = None
        if session.concerns(0):
            drive(
                session.bar(0, account),
                lambda effect, bar=bar: wanted.append(bar) if isinstance(effect, Wanted) else None,
            )
    signal = whole.values[live.plan.names.index("entry.out")]
    assert wanted == [b for b in range(500, 700) if signal.direction[b] == 1]
    assert wanted


def test_little_is_kept() -> None:
    """Memory does not grow with the bars that pass."""
    live = begin(around(*SLOW, "up.out"), MARKET, 300)
    for bar in range(300, 700):
        live.advance([MARKET.part(bar, bar + 1)])
    assert max(live.lanes[0].lengths) <= 20
    assert len(live.lanes[0].supply.base) <= 20


def test_candles_of_nobody_change_nothing() -> None:
    live = begin(around(*CROSS, "up.out"), MARKET, 500)
    live.advance([candles([1.0, 2.0], symbol="OTHER", start=500 * HOUR)])
    assert live.news == ({},)


@pytest.mark.parametrize("policy", ["hold", "skip", "pause"])
def test_a_failing_node_does_live_what_it_does_in_a_back_test(policy: str) -> None:
    document = number_node("test.failing", it=policy)
    if policy == "pause":
        with pytest.raises(NodeError, match=r"it.*pause"):
            begin(document, MARKET, 500)
        return
    live = begin(document, MARKET, 500)
    live.advance([MARKET.part(500, 501)])
    assert np.isnan(live.news[0][live.plan.names.index("it.out")]).all()
    assert [i.node for i in live.issues] == ["it"]
    assert live.lanes[0].dropped == (policy == "skip")
    assert_same(replay(document))


# --- joining rows -----------------------------------------------------------------------------------------------------


def areas() -> Zones:
    since = np.array([0, 0, 2, 3, 3])
    until = np.array([6, 3, 5, 4, 6])
    low = np.array([1.0, 2.0, 3.0, 2.0, 9.0])
    kind = np.array([1, -1, 0, -1, 1], np.int8)
    return make_zones(6, since, until, low, low + 1, kind, np.array([1, 2, 3, 4, 5]), low / 2, since * 10)


@pytest.mark.parametrize("cuts", [[1, 2, 3, 4, 5], [3], [2, 4], [0, 6]])
def test_rows_of_a_value_joined_again_are_the_value(cuts: list[int]) -> None:
    column = np.arange(6.0)
    text = Text(6, "t", (Line("a", column), Line("z", areas())))
    for value in (
        column,
        areas(),
        Labels(np.array([0, 1, -128, 1, 0, 0], np.int8), ("x", "y")),
        text,
        MARKET.part(0, 6),
    ):
        edges = [0, *cuts, 6]
        again = joined([rows_of(value, a, b) for a, b in pairwise(edges)])
        assert first_difference(again, value, 6) is None
    assert len(join([areas().part(0, 3), areas().part(3, 6)]).since) == len(areas().since), "no version is cut in two"
