"""A back-test as a whole: ranges, finer candles, several symbols, twins, notes, reproducibility."""

import msgspec
import numpy as np
import pytest

from engine.backtest import MarketData
from engine.document import Graph
from engine.errors import GraphError, InputError
from engine.instruments import infer_tick
from engine.matching.engine import Funding
from engine.matching.policy import BYBIT_LINEAR, FRICTIONLESS
from engine.resample import resample
from engine.result import Instrument
from engine.trade_rows import trade_rows
from server.graphs import load_graph
from tests.engine.executor import HOUR, assert_same_records, candles, graph, run, walk

CROSS = load_graph("ema_cross")
FREE = Instrument(source="test")


def prices(length: int = 3000, seed: int = 1):
    return candles(walk(length, seed, 30_000.0), spread=60.0)


def bracketed(level: float, percent: float) -> Graph:
    """Buys above a level with a stop some percent away and a target as far."""
    nodes = {
        "c": "source.candles",
        "up": ("compare.above_level", {"level": level}),
        "entry": "signal.flags",
        "stop": ("stop.percent", {"percent": percent}),
        "target": ("target.rr", {"multiple": 1.0}),
        "size": ("size.quantity", {"quantity": 1.0}),
        "order": ("order.place", {"opposite": "ignore"}),
    }
    wires = ["c.close > up.a", "up.out > entry.enter_long", "c.close > entry.price", "entry.out > stop.signal"]
    wires += ["stop.out > target.signal", "target.out > order.signal", "size.out > order.size"]
    return graph(nodes, wires)


def test_the_same_request_gives_the_same_result():
    """Nothing in a run depends on anything but its request."""
    first, second = run(CROSS, prices()), run(CROSS, prices())
    assert first.logic_hash == second.logic_hash and first.policy_id == second.policy_id
    assert first.data == second.data and first.metrics == second.metrics
    assert_same_records(first.trades, second.trades)


def test_nothing_is_decided_before_the_warm_up_is_complete():
    """The first decision lies at or after the summed look-back of the order's path."""
    result = run(CROSS, prices())
    warm = result.traces[0].plan.warmup["order"]
    assert result.trades["decision_bar"].min() >= warm - 1


def test_too_few_candles_for_the_warm_up_are_said():
    """A run that could not trade says so instead of showing a flat line as a result."""
    result = run(CROSS, prices(300))
    assert len(result.trades) == 0
    assert any("warm-up" in note for note in result.notes)


def test_a_range_trades_only_inside_and_warms_up_before():
    """--from bounds the decisions, candles before it serve as warm-up, and the curve begins there."""
    market = prices()
    start, end = 1500 * HOUR, 2500 * HOUR
    whole, part = run(CROSS, market), run(CROSS, market, start=start, end=end)
    assert part.trades["entry_time"].min() > start and part.trades["exit_time"].max() < end
    assert len(part.equity) == 1000 and part.time[0] == start + HOUR and part.equity[0] == 10_000.0
    inside = whole.trades[(whole.time[whole.trades["decision_bar"]] >= start) & (whole.trades["entry_time"] < end)]
    np.testing.assert_array_equal(part.trades["entry_time"], inside["entry_time"])
    np.testing.assert_array_equal(part.candles[0].time[part.trades["entry_bar"]], part.trades["entry_time"])


def test_a_range_without_candles_is_an_input_error():
    """The message tells what the file covers."""
    with pytest.raises(InputError, match="1970-01-01T00:00 to"):
        run(CROSS, prices(), start=9_000_000 * HOUR)


@pytest.mark.parametrize("capital", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_capital_is_refused(capital: float):
    """Capital must be a number greater than 0."""
    from engine.backtest import Request, backtest
    from tests.engine.executor import CATALOGUE

    with pytest.raises(InputError, match="capital"):
        backtest(
            Request(graph=CROSS, markets=(MarketData(candles=prices()),), policy=FRICTIONLESS, capital=capital),
            CATALOGUE,
        )


def test_an_invalid_graph_never_runs():
    """One error, and nothing runs: all problems come at once."""
    broken = msgspec.structs.replace(CROSS, edges=CROSS.edges[2:])
    with pytest.raises(GraphError) as caught:
        run(broken, prices())
    assert {i.node for i in caught.value.issues} >= {"ema_slow", "atr"} - {"atr"}


def test_finer_candles_decide_what_came_first_inside_a_bar():
    """Two finer paths of the same hour give different exits; equity is marked on the finer bars."""
    document = bracketed(104.5, 2.0)
    hour = candles([100.0, 105.0, 105.0, 105.0], spread=4.0)
    reasons = {}
    for name, path in {"down first": [102.0, 101.0, 108.0, 105.0], "up first": [108.0, 107.0, 101.0, 105.0]}.items():
        closes = np.concatenate([np.full(4, 100.0), np.full(4, 105.0), path, np.full(4, 105.0)])
        fine = candles(closes, spread=0.0)
        fine = msgspec.structs.replace(fine, timeframe="15m", time=900_000 * np.arange(16))
        result = run(document, MarketData(candles=hour, finer=fine, instrument=FREE))
        reasons[name] = trade_rows(result)[0]["exit_reason"]
        assert len(result.equity) == 16
    assert reasons == {"down first": "sl_hit", "up first": "tp_hit"}


def test_two_symbols_share_one_account():
    """Both symbols trade, equity is one curve, and P&L of all trades explains it."""
    a, b = prices(), candles(walk(2500, 9, 2000.0), symbol="ETHUSDT", start=300 * HOUR, spread=4.0)
    result = run(CROSS, a, b)
    assert set(result.trades["symbol"].tolist()) == {0, 1}
    assert result.equity[-1] == pytest.approx(10_000.0 + result.trades["pnl"].sum(), rel=1e-12)
    late = result.trades[result.trades["symbol"] == 1]
    assert late["entry_time"].min() > 300 * HOUR


def test_a_trade_names_its_deciding_nodes():
    """The ids lead from the order back to the comparison that spoke."""
    rows = trade_rows(run(CROSS, prices()))
    for row in rows:
        crossed = "cross_up" if row["side"] == "long" else "cross_down"
        assert {crossed, "entry", "stop", "order"} == set(row["nodes"])


def test_the_pessimistic_twin_never_beats_the_run_where_a_bar_was_ambiguous():
    """With both levels inside one bar, the twin takes the stop."""
    document = bracketed(0.0, 1.0)
    result = run(document, candles(walk(400, 3), spread=2.0))
    assert result.trades["ambiguous"].any()
    worse, better = result.pessimistic["total_return"], result.metrics["total_return"]
    assert worse is not None and better is not None and worse < better


def test_missing_funding_and_inferred_rules_are_stated():
    """Nothing is silently zero: notes say what was not known."""
    result = run(CROSS, MarketData(candles=prices()), policy=BYBIT_LINEAR)
    assert any("no funding rates" in n for n in result.notes) and any("inferred" in n for n in result.notes)
    rates = Funding(np.arange(0, 3000, 8, dtype=np.int64) * HOUR, np.full(375, 1e-4))
    paid = run(CROSS, MarketData(candles=prices(), funding=rates), policy=BYBIT_LINEAR)
    assert "375 funding settlements" in paid.data[0].funding
    assert paid.trades["funding"].sum() != 0


def test_funding_that_covers_a_part_is_stated():
    """Rates that end early are used as far as they go, and that is said."""
    rates = Funding(np.arange(0, 1500, 8, dtype=np.int64) * HOUR, np.full(188, 1e-4))
    result = run(CROSS, MarketData(candles=prices(), funding=rates), policy=BYBIT_LINEAR)
    assert any("only a part" in n for n in result.notes)


@pytest.mark.parametrize(("step", "tick"), [(0.1, 0.1), (0.5, 0.1), (1.0, 1.0), (0.0001, 0.0001), (1e-12, 0.0)])
def test_the_tick_is_read_off_the_prices(step: float, tick: float):
    """The largest power of ten all prices are multiples of."""
    whole = np.round(walk(500, 1, 1000.0) / max(step, 1e-9)) * step if step > 1e-10 else walk(500, 1)
    column = np.maximum(whole, step)
    market = candles(column, spread=0.0)
    assert infer_tick(market) == pytest.approx(tick)


def test_the_same_market_given_twice_is_refused():
    """Two sets of candles of one market on one account make no sense."""
    with pytest.raises(InputError, match="twice"):
        run(CROSS, prices(), prices())


def test_the_trace_reads_any_bar():
    """Values at a bar are those of the columns, for other timeframes the latest closed ones."""
    market = prices()
    trace = run(CROSS, market).traces[0]
    values = trace.at(1234)
    assert values["candles.close"] == market.close[1234]
    assert values["entry.out"].direction in (-1, 0, 1)
    assert set(trace.nanoseconds) == {n.id for n in CROSS.nodes} - {"order"}


def test_an_input_that_the_params_need_is_asked_for_before_anything_runs():
    """A swing stop with its buffer in ATRs cannot do without an ATR; in percent it can."""
    parts = {"c": "source.candles", "up": ("compare.above_level", {"level": 0.0}), "entry": "signal.flags"}
    parts |= {"size": "size.risk", "order": "order.place"}
    wires = ["c.close > up.a", "up.out > entry.enter_long", "c.close > entry.price", "entry.out > stop.signal"]
    wires += ["c.candles > stop.candles", "stop.out > order.signal", "size.out > order.size"]
    run(graph(parts | {"stop": ("stop.swing", {"unit": "percent"})}, wires), prices(300))
    with pytest.raises(GraphError) as caught:
        run(graph(parts | {"stop": ("stop.swing", {"unit": "atr"})}, wires), prices(300))
    assert [(i.code, i.node, i.port) for i in caught.value.issues] == [("missing_input", "stop", "atr")]


@pytest.mark.parametrize("lowered", [True, False])
def test_given_candles_that_outlast_the_run_decide_nothing_outside_it(lowered: bool):
    """Longer candles given for a node may begin earlier and end later: the run trades as if they were cut to it."""
    document = graph(
        {
            "c": ("source.candles", {"timeframe": "4h"}),
            "up": "compare.rising",
            "entry": "signal.flags",
            "size": ("size.quantity", {"quantity": 1.0}),
            "hold": ("exit.max_bars", {"open": 3}),
            "order": "order.place",
        },
        [
            "c.close > up.a",
            "up.out > entry.enter_long",
            "c.close > entry.price",
            "entry.out > order.signal",
            "size.out > order.size",
            "hold.out > order.exits",
        ],
    )
    whole = prices(1200)
    part = whole.part(400, 800)
    short = run(document, MarketData(candles=part, instrument=FREE), lowered=lowered)
    longer = run(document, MarketData(candles=part, others=(resample(whole, "4h"),), instrument=FREE), lowered=lowered)
    assert len(short.trades) > 5 and longer.rejected == {}
    assert longer.fills["decision_bar"].min() >= 3
    later = longer.fills[longer.fills["decision_bar"] > 40]
    assert set(later["time"].tolist()) <= set(part.time.tolist())
    assert len(longer.equity) == len(part)


def test_longer_mark_candles_are_stated():
    """What was done with mark prices stands in the result."""
    market = prices(400)
    marked = run(CROSS, MarketData(candles=market, mark=resample(market, "4h"), instrument=FREE))
    assert "4h mark candles" in marked.data[0].mark and "carried over" in marked.data[0].mark
    assert "no mark prices" in run(CROSS, market).data[0].mark
