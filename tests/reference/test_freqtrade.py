"""Against freqtrade's hand-made expectations: exits inside a bar, profits, funding, liquidation prices.

What agrees is asserted to agree; what differs is named with the published rule of ours (docs/matching.md) that makes
the difference and with our own result, checked by hand.  A case that changes sides fails the test.
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.candles import Candles, make_candles
from engine.matching.engine import Funding, Market, MatchingEngine
from engine.result import Instrument
from engine.timeframe import HOUR, MINUTE
from tests.engine.matching.tables import buy, candles, close, enter, flat, run, sell
from tests.reference.freqtrade_cases import FOLDER, Outcome, load, ours, published

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="reference data (../shared/reference) are not there")
PAGE = Path(__file__).parents[2] / "docs" / "agreement.md"
FREE = Instrument()

# --- 54 candle tables ------------------------------------------------------------------------------------------------

TRAILED, STOPPED, LEFT = "trailing_stop_loss", "stop_loss", "exit_signal"
# Case -> (rule of ours that makes the difference, our outcome, how it comes about)
DIFFERENT: dict[str, tuple[str, Outcome, str]] = {
    "tc9": ("M34", Outcome(((TRAILED, 1, 4),), -0.064), "high 5200 of bar 3 puts the stop at 4680 from bar 4 on"),
    "tc11": ("M6", Outcome(((TRAILED, 1, 3),), 0.0), "stop 5093.47, bar 3 opens at 5000"),
    "tc12": ("M34", Outcome(((TRAILED, 1, 3),), -0.03), "stop 5093.47 from bar 3 on, which opens at 4850"),
    "tc16": ("M33", Outcome((("roi", 1, 3),), -0.005), "out of time at the open of bar 3, 4975, not at its low"),
    "tc20": ("M8", Outcome((("roi", 1, 3),), 0.04), "target 5050, bar 3 opens at 5200"),
    "tc24": ("M6", Outcome(((TRAILED, 1, 3),), -0.03), "stop 5093.47 from bar 2, bar 3 opens at 4850"),
    "tc34": ("M34", Outcome(((TRAILED, 1, 2),), -0.02), "stop 5445 is beyond the close, so 4900; bar 2 opens there"),
    "tc35": ("M34", Outcome(((TRAILED, 1, 2),), -0.02), "as tc34"),
    "tc36": ("M34", Outcome(((TRAILED, 1, 2),), -0.02), "stop 5445 is beyond the close, so 5000; bar 2 opens at 4900"),
    "tc37": ("M34", Outcome(((TRAILED, 1, 2),), -0.02), "as tc36"),
    "tc38": ("M34", Outcome(((TRAILED, 1, 2),), 0.0), "stop 4545 is beyond the close, 5000; bar 2 goes up to it"),
    "tc40": ("M9", Outcome(((STOPPED, 1, 2),), -0.02), "in at the open 5000, not the high; out at the open 4900"),
    "tc44": ("M9", Outcome(((LEFT, 1, 3),), 0.02), "the limit 4552 sells at the open of bar 3, 5100, not at its low"),
    "tc48": ("M9", Outcome(((LEFT, 2, 4),), -0.031), "the limit 5200 buys at the open of bar 2, 4900; out at 4750"),
    "tc49": ("M31", Outcome(((LEFT, 2, 4),), 0.05), "same prices; the trade begins with its fill on bar 2"),
    "tc52": ("M31", Outcome(((STOPPED, 2, 2),), -0.03), "same result; the trade begins with its fill on bar 2"),
    "tc53": ("M31", Outcome(((STOPPED, 2, 2),), -0.03), "same result; the trade begins with its fill on bar 2"),
}  # fmt: skip
CASES: list[dict[str, Any]] = load("intrabar_exit_cases")["cases"] if FOLDER.exists() else []


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_exits_inside_a_bar(case: dict[str, Any]) -> None:
    """Reason, ticks and profit of every trade are theirs, or the named rule gives the result written beside it."""
    theirs, result = published(case), ours(case)
    if case["id"] in DIFFERENT:
        _, expected, _ = DIFFERENT[case["id"]]
        assert result.trades == expected.trades
        assert result.profit == pytest.approx(expected.profit, abs=1e-9)
        assert (result.trades, result.profit) != (theirs.trades, theirs.profit)
    else:
        assert result.trades == theirs.trades
        assert result.profit == pytest.approx(theirs.profit, abs=1e-9)


# --- 37 profits ------------------------------------------------------------------------------------------------------

PROFITS: list[dict[str, Any]] = load("calc_profit")["rows"] if FOLDER.exists() else []


@pytest.mark.parametrize("row", PROFITS, ids=range(len(PROFITS)))
def test_profit_of_a_trade(row: dict[str, Any]) -> None:
    """Profit and return on margin of 30 units from 2.0, fees of both sides and funding included."""
    side, out, lev = -1 if row["is_short"] else 1, row["close_rate"], float(row["lev"])
    before = out - 0.05 * side  # the exit rests as a limit order, so that its fee is the other rate
    rows = [*flat(2.0, 2), (before, max(before, out), min(before, out), before)]
    rate = -row["funding_fees"] / (30 * side * before)
    engine = run(
        rows,
        [enter(0, side, quantity=30, leverage=lev), enter(1, -side, "limit", 30, price=out, reduce_only=1)],
        {"taker_fee": 0.0025, "maker_fee": row["fee_close"], "funding": "applied"},
        instrument=FREE,
        funding=[(2 * HOUR, rate)],
    )
    (trade,) = engine.trades
    assert trade["pnl"] == pytest.approx(row["profit"], abs=2e-6)  # theirs are cut, not rounded, in the last places
    value = 30 * 2.0 * (1 + side * 0.0025)  # paid for a long, received for a short, fee included
    assert trade["pnl"] / (value / lev) == pytest.approx(row["profit_ratio"], abs=1e-7)


# --- 15 funding rows, 3 single settlements, the worked example -------------------------------------------------------

FEES: dict[str, Any] = load("funding_fees") if FOLDER.exists() else {"rows": [], "single_settlement": []}
FIRST = 1630454400000  # 2021-09-01 00:00 UTC
# Rows whose short is opened in the 15 seconds from the settlement on: for them it pays, for us the settlement comes
# before the fills of its instant (M3), as on the exchange, where only a position held at the boundary pays.
AFTER_THE_SETTLEMENT = {1: -0.0002493, 5: 0.0, 6: -0.0002493, 7: -0.0002493, 11: -0.0002493, 12: -0.0002493,
                        14: -0.0004155}  # fmt: skip


def instant(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000)


def minutes(start: int, count: int) -> Candles:
    return candles(flat(2.77, count), timeframe="1m", start=start)


def marks() -> Candles:
    """Their mark candles, with one more before them so that the minute bars are covered."""
    rows = [[FIRST - HOUR, 2.77, 2.77, 2.77, 2.77, 0], *FEES["mark_ohlcv"]]
    columns = dict(zip(("time", "open", "high", "low", "close", "volume"), zip(*rows, strict=True), strict=True))
    return make_candles("X", "1h", **columns)


def bar_at(start: int, moment: int) -> int:
    """The first minute bar that opens no earlier than a moment."""
    return -(-(moment - start) // MINUTE)


@pytest.mark.parametrize(("number", "row"), list(enumerate(FEES["rows"])))
def test_funding_of_a_short(number: int, row: dict[str, Any]) -> None:
    """Mark price at the settlement times rate times size; a short pays a negative rate."""
    start = FIRST - 10 * MINUTE
    rates = FEES["funding_rate_history_8h"][row["rate_start"] : row["rate_end"]]
    funding = Funding(np.array([r["timestamp"] for r in rates]), np.array([r["fundingRate"] for r in rates]))
    market = Market(minutes(start, 13 * 60), FREE, funding, marks())
    opened, closed = (bar_at(start, instant(row[name])) for name in ("d1", "d2"))
    engine = run([market], [sell(opened - 1, quantity=row["amount"]), close(closed - 1)], {"funding": "applied"})
    (trade,) = engine.trades
    agrees = trade["funding"] == pytest.approx(row["expected_fees"], abs=1e-10)
    assert agrees == (number not in AFTER_THE_SETTLEMENT)
    if not agrees:
        assert trade["funding"] == pytest.approx(AFTER_THE_SETTLEMENT[number], abs=1e-10)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_single_settlement(number: int) -> None:
    """Size times rate times mark; without a mark price theirs is 0, ours takes the last price and says so (M3)."""
    row = FEES["single_settlement"][number]
    price = row["mark_price"] or 2.0
    engine = run(flat(price, 4), [sell(0, quantity=row["size"])], {"funding": "applied"}, instrument=FREE,
                 funding=[(2 * HOUR, row["funding_rate"])])  # fmt: skip
    received = engine.account["cash"][0] - 10_000
    assert received == pytest.approx(0.004 if row["mark_price"] is None else row["funding_fee"], abs=1e-9)


@pytest.mark.parametrize("size", [30, 50])
def test_the_worked_example_of_funding(size: int) -> None:
    """Fourteen hourly settlements at the mark prices written out in their test."""
    text = FEES["worked_example"].split(f"size: {size}\n")[1].split("\n\n")[0]
    lines = [dict(part.strip().split(": ") for part in line.split(",")) for line in text.strip().splitlines()]
    rows = [(float(x["mark"]),) * 4 for x in lines]
    start = flat(rows[0][0], 2)
    rates = [((i + 2) * HOUR, float(x["fundRate"])) for i, x in enumerate(lines)]
    engine = run([*start, *rows], [sell(0, quantity=size)], {"funding": "applied"}, instrument=FREE, funding=rates)
    entry = start[0][0]
    cash = [e + size * (rows[max(i - 2, 0)][3] - entry) for i, e in enumerate(engine.equity)]
    paid = np.diff(np.array(cash[1:]))
    np.testing.assert_allclose(paid, [float(x["fundFee"]) for x in lines], atol=1e-9)


# --- liquidation prices ----------------------------------------------------------------------------------------------

LIQUIDATION: dict[str, Any] = load("liquidation") if FOLDER.exists() else {}
SMALL: list[dict[str, Any]] = LIQUIDATION["isolated_small"]["rows"] if FOLDER.exists() else []
EXAMPLES: list[dict[str, Any]] = LIQUIDATION["binance_official_examples"]["rows"] if FOLDER.exists() else []


def liquidation_of(row: dict[str, Any], formula: str, maintenance: float, leverage: float) -> float:
    order = sell if row["is_short"] else buy
    engine: MatchingEngine = run(
        flat(row["open_rate"], 2), [order(0, quantity=row["amount"], leverage=leverage)], {"liquidation": formula},
        capital=1e9, instrument=Instrument(maintenance_margin=maintenance),
    )  # fmt: skip
    return float(engine.positions["liquidation"][0])


@pytest.mark.parametrize("row", SMALL, ids=[f"{i}-{r['exchange_name']}" for i, r in enumerate(SMALL)])
def test_liquidation_prices(row: dict[str, Any]) -> None:
    """Bybit's classic formula; the present one with the closing fee as maintenance; Binance's has an amount more.

    Binance adds a maintenance amount (0.01 here) to the margin, which our formula leaves out (M27): ours lies
    amount / (size x (1 -/+ rate)) nearer to the entry.
    """
    exchange, lev, side = row["exchange_name"], float(row["leverage"]), -1 if row["is_short"] else 1
    if exchange == "bybit":
        assert liquidation_of(row, "bybit_classic", 0.01, lev) == pytest.approx(row["expected_liq"], abs=1e-6)
    elif exchange in ("gate", "okx"):
        assert liquidation_of(row, "bybit", 0.01 + 0.0006, lev) == pytest.approx(row["expected_liq"], rel=1e-12)
    else:
        price = liquidation_of(row, "bybit", 0.01, lev)
        assert price != pytest.approx(row["expected_liq"], rel=1e-6)
        amount = 0.01 / (row["amount"] * (1 - side * 0.01))
        assert price - side * amount == pytest.approx(row["expected_liq"], rel=1e-9)  # a margin of theirs is cut


@pytest.mark.parametrize("row", EXAMPLES, ids=[f"{r['margin_mode']}-{r['expected']}" for r in EXAMPLES])
def test_binance_examples_differ_by_the_maintenance_amount_or_by_cross_margin(row: dict[str, Any]) -> None:
    """Isolated: ours without the amount; cross margin, where other positions count, we do not have (M27)."""
    size, rate, wallet = row["amount"], row["mm_ratio"], row["wallet_balance"]
    price = liquidation_of(row, "bybit", rate, size * row["open_rate"] / wallet)
    assert price != pytest.approx(row["expected"], rel=1e-4)
    if row["margin_mode"] == "isolated":
        assert price - row["maintenance_amt"] / (size * (1 - rate)) == pytest.approx(row["expected"], abs=0.005)


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_page_tells_the_counts() -> None:
    """docs/agreement.md says what this file asserts, for every reference and every case that differs."""
    text = PAGE.read_text()
    exchanges = Counter(r["exchange_name"] for r in SMALL)
    for name, total, other in (
        ("freqtrade, exits inside a bar", len(CASES), len(DIFFERENT)),
        ("freqtrade, profit of a trade", len(PROFITS), 0),
        ("freqtrade, funding of a period", len(FEES["rows"]), len(AFTER_THE_SETTLEMENT)),
        ("freqtrade, single settlements", 3, 1),
        ("freqtrade, worked funding example (lines)", 28, 0),
        ("freqtrade, isolated liquidation prices", len(SMALL), exchanges["binance"]),
        ("Binance's worked liquidation examples", len(EXAMPLES), len(EXAMPLES)),
    ):
        assert f"| {name} | {total} | {total - other} | {other} |" in text
    for case, (rule, _, why) in DIFFERENT.items():
        assert f"| {case} | {rule} | {why} |" in text
