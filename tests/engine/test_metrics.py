"""Key figures against their definitions, against backtesting.py's own runs, at their edges, and as laws."""

import csv
import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metric_definitions import DEFINITIONS, as_markdown
from engine.metrics import bar_length, cagr, compute_metrics, daily_equity, drawdown, probabilistic_sharpe
from engine.result import EXIT_REASONS, TRADE
from engine.timeframe import DAY, HOUR

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY.parent / "shared" / "reference"
MIDNIGHT = 1_600_041_600_000  # 2020-09-14 00:00 UTC
NO_TRADES = np.zeros(0, TRADE)


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def walk(bars: int, bar: int, start: int = MIDNIGHT, seed: int = 0) -> tuple[Any, Any]:
    """Closing instants and an equity that wanders."""
    steps = np.random.default_rng(seed).normal(2e-5, 3e-3, bars)
    return start + bar * (np.arange(bars) + 1), 10_000 * np.exp(np.cumsum(steps))


def trades_of(pnl: list[float], notional: float = 1000.0, **columns: Any) -> Any:
    rows = np.zeros(len(pnl), TRADE)
    rows["pnl"], rows["quantity"], rows["entry_price"], rows["exit_price"] = pnl, notional / 100, 100, 100
    rows["side"] = 1
    for name, values in columns.items():
        rows[name] = values
    return rows


def of_trades(pnl: list[float], **columns: Any) -> Any:
    time, equity = walk(100, HOUR)
    return compute_metrics(time, equity, trades_of(pnl, **columns), 10_000.0)


class TestDays:
    """Daily equity as docs/metrics.md states it, and empyrical's formulas on it (annualization=365)."""

    @pytest.mark.parametrize("bar", [HOUR, HOUR // 4, 6 * HOUR, DAY])
    @pytest.mark.parametrize("offset", [0, 6 * HOUR, 18 * HOUR])
    def test_series_is_grouped_by_day(self, bar: int, offset: int) -> None:
        time, equity = walk(1000, bar, MIDNIGHT + offset)
        last_of_day = dict(zip(((time - bar) // DAY).tolist(), equity.tolist(), strict=True))
        expected = [10_000.0, *last_of_day.values()] if bar < DAY else [10_000.0, *equity]
        assert daily_equity(time, equity, 10_000.0, bar).tolist() == expected

    def test_a_day_without_bars_repeats_the_day_before(self) -> None:
        time = MIDNIGHT + DAY * np.array([0.5, 1.0, 4.0])
        days = daily_equity(time.astype(np.int64), np.array([1.0, 2.0, 3.0]), 9.0, DAY // 2)
        assert days.tolist() == [9, 2, 2, 2, 3]

    def test_days_compound_to_the_total_return(self) -> None:
        time, equity = walk(5000, HOUR, MIDNIGHT + 5 * HOUR)
        days = daily_equity(time, equity, 10_000.0, HOUR)
        total = compute_metrics(time, equity, NO_TRADES, 10_000.0)["total_return"]
        assert np.prod(days[1:] / days[:-1]) - 1 == close(total)  # type: ignore[arg-type]

    @pytest.mark.parametrize(("bar", "bars"), [(HOUR, 9605), (HOUR // 4, 40_001), (DAY, 900)])
    def test_empyrical(self, bar: int, bars: int) -> None:
        """Written out from empyrical.stats: sharpe_ratio, sortino_ratio, downside_risk, annual_volatility."""
        time, equity = walk(bars, bar, MIDNIGHT + 5 * HOUR, seed=bars)
        found = compute_metrics(time, equity, NO_TRADES, 10_000.0)
        days = daily_equity(time, equity, 10_000.0, bar)
        r = np.diff(days) / days[:-1]
        downside = np.sqrt(np.mean(np.square(np.clip(r - 0.0, -np.inf, 0)))) * np.sqrt(365)
        wealth = np.cumprod(1 + np.concatenate(([0.0], r)))
        assert found["volatility"] == close(np.std(r, ddof=1) * 365 ** (1 / 2))
        assert found["sharpe"] == close(np.mean(r) / np.std(r, ddof=1) * np.sqrt(365))
        assert found["sortino"] == close(np.mean(r) * 365 / downside)
        assert found["max_drawdown_daily"] == close(-np.min(wealth / np.maximum.accumulate(wealth) - 1))

    def test_bars_of_a_week_are_annualised_as_weeks(self) -> None:
        time, equity = walk(200, 7 * DAY)
        r = equity[1:] / equity[:-1] - 1
        r = np.concatenate(([equity[0] / 10_000 - 1], r))
        found = compute_metrics(time, equity, NO_TRADES, 10_000.0)
        assert found["volatility"] == close(r.std(ddof=1) * math.sqrt(365 / 7))

    def test_psr_of_symmetric_returns_without_mean_is_one_half(self) -> None:
        assert probabilistic_sharpe(np.array([0.01, -0.01] * 50)) == close(0.5)

    def test_psr_example(self) -> None:
        """Bailey and Lopez de Prado's formula, written out with the moments of a fixed sample."""
        r = np.random.default_rng(7).standard_t(4, 300) * 0.01 + 0.001
        z = (r - r.mean()) / r.std()
        sharpe = r.mean() / r.std(ddof=1)
        error = math.sqrt((1 - (z**3).mean() * sharpe + ((z**4).mean() - 1) / 4 * sharpe**2) / (300 - 1))
        assert probabilistic_sharpe(r) == close(0.5 * math.erfc(-sharpe / error / math.sqrt(2)))


# --- backtesting.py ---------------------------------------------------------------------------------------


def reference(path: str) -> Path:
    file = REFERENCE / path
    if not file.exists():
        pytest.skip(f"reference figures not here: {file}")
    return file


def read_trades(path: Path) -> Any:
    rows = list(csv.DictReader(path.read_text().splitlines()))
    out = np.zeros(len(rows), TRADE)
    for row, trade in zip(rows, out, strict=True):
        size = float(row["Size"])
        trade["side"], trade["quantity"] = math.copysign(1, size), abs(size)
        trade["entry_bar"], trade["exit_bar"] = int(row["EntryBar"]), int(row["ExitBar"])
        trade["entry_price"], trade["exit_price"] = float(row["EntryPrice"]), float(row["ExitPrice"])
        trade["entry_time"], trade["exit_time"] = instant(row["EntryTime"]), instant(row["ExitTime"])
        trade["pnl"], trade["fees"] = float(row["PnL"]), float(row["Commission"])
    return out


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def check_trade_figures(found: Any, stats: dict[str, Any]) -> None:
    assert found["trades"] == stats["# Trades"]
    assert found["sqn"] == close(stats["SQN"])
    assert found["kelly"] == close(stats["Kelly Criterion"])
    assert found["win_rate"] == close(stats["Win Rate [%]"] / 100)
    assert found["best_trade_percent"] == close(stats["Best Trade [%]"])
    assert found["worst_trade_percent"] == close(stats["Worst Trade [%]"])
    assert found["expectancy_percent"] == close(stats["Expectancy [%]"])


class TestBacktestingPy:
    """The runs of backtesting.py 0.6.6 in the reference folder (GOOG daily, with trades and equity)."""

    RUNS = (
        "run_GOOG_SmaCross_10_30_finalize",
        "run_GOOG_SmaCross_10_20_comm0.2pct_finalize",
        "run_GOOG_SmaCross_10_20_comm0.2pct_nofinalize",
    )

    @pytest.mark.parametrize("run", RUNS)
    def test_whole_runs(self, run: str) -> None:
        stats = json.loads(reference(f"backtesting_py/{run}.stats.json").read_text())
        trades = read_trades(reference(f"backtesting_py/{run}.trades.csv"))
        with gzip.open(reference(f"backtesting_py/{run}.equity.csv.gz"), "rt") as file:
            rows = list(csv.DictReader(file))
        equity = np.array([float(row["Equity"]) for row in rows])
        time = np.array([instant(row[""]) for row in rows]) + DAY
        found: Any = compute_metrics(time, equity, trades, 10_000.0, bar_ms=DAY)
        check_trade_figures(found, stats)
        assert found["max_drawdown"] == close(-stats["Max. Drawdown [%]"] / 100)
        assert found["max_drawdown_duration_ms"] == int(stats["Max. Drawdown Duration"].split()[0]) * DAY
        assert found["exposure_time"] == close(stats["Exposure Time [%]"] / 100)
        assert found["total_return"] == close(stats["Return [%]"] / 100)
        assert found["final_equity"] == close(stats["Equity Final [$]"])
        assert found["peak_equity"] == close(stats["Equity Peak [$]"])
        self.check_growth(found, stats, equity)

    def check_growth(self, found: Any, stats: dict[str, Any], equity: Any) -> None:
        """Their years run from the first to the last opening; ours to the last close, a bar later."""
        days = int(stats["Duration"].split()[0])
        theirs = stats["CAGR [%]"] / 100
        assert cagr(equity[-1] / 10_000, days) == close(theirs)
        assert found["cagr"] == cagr(equity[-1] / 10_000, days + 1) != close(theirs)
        # Theirs divides a geometric annual return by the drawdown; see "Return (Ann.) [%]", not "CAGR [%]".
        assert stats["Calmar Ratio"] == close(-stats["Return (Ann.) [%]"] / stats["Max. Drawdown [%]"])
        assert found["calmar"] == close(found["cagr"] / found["max_drawdown"])

    @pytest.mark.parametrize("market", ["BYBIT_BTCUSDT_15m", "BYBIT_ETHUSDT_1h", "BYBIT_SOLUSDT_1h"])
    @pytest.mark.parametrize("strategy", ["SmaCross", "LongSLTP"])
    def test_trade_figures_on_perpetuals(self, market: str, strategy: str) -> None:
        name = f"backtesting_py_on_ship/{market}.{strategy}"
        stats = json.loads(reference(f"{name}.stats.json").read_text())["stats"]
        time, equity = walk(100_000, HOUR)
        found: Any = compute_metrics(time, equity, read_trades(reference(f"{name}.trades.csv")), 10_000.0)
        check_trade_figures(found, stats)
        assert found["fees_paid"] == close(stats["Commissions [$]"])


# --- edges ------------------------------------------------------------------------------------------------


class TestUndefined:
    """Undefined is None: never 0, infinity or NaN."""

    def test_nothing_happened(self) -> None:
        time, flat = walk(10 * 24, HOUR)[0], np.full(10 * 24, 10_000.0)
        found = compute_metrics(time, flat, NO_TRADES, 10_000.0)
        undefined = {name for name, value in found.items() if value is None}
        assert undefined == {
            "cagr", "buy_hold_return", "sharpe", "sortino", "psr", "calmar", "win_rate", "profit_factor",
            "expectancy", "expectancy_percent", "expectancy_ratio", "avg_trade", "avg_trade_percent",
            "avg_win", "avg_loss", "best_trade_percent", "worst_trade_percent", "sqn", "kelly",
            "avg_bars_in_trade", "avg_ms_in_trade",
        }  # fmt: skip
        assert found["volatility"] == found["max_drawdown"] == found["total_return"] == 0
        assert found["low_count"] is True

    def test_only_wins(self) -> None:
        found = of_trades([1.0, 2.0, 3.0])
        assert found["profit_factor"] is found["kelly"] is found["expectancy_ratio"] is None
        assert found["win_rate"] == 1.0

    def test_only_losses(self) -> None:
        found = of_trades([-1.0, -2.0])
        assert (found["profit_factor"], found["kelly"], found["win_rate"]) == (0.0, None, 0.0)

    @pytest.mark.parametrize("pnl", [[5.0], [0.1] * 7, [0.0, 0.0]])
    def test_sqn_without_deviation(self, pnl: list[float]) -> None:
        assert of_trades(pnl)["sqn"] is None

    def test_break_even_is_neither_win_nor_loss(self) -> None:
        found = of_trades([0.0, 1.0, -1.0, 0.0])
        assert (found["wins"], found["losses"], found["trades"], found["win_rate"]) == (1, 1, 4, 0.25)

    def test_rising_evenly_has_no_risk(self) -> None:
        """Rounding of equal returns is not a deviation: no Sharpe ratio of 10^15."""
        time = MIDNIGHT + DAY * (np.arange(300) + 1)
        found = compute_metrics(time, 10_000 * np.power(1.001, np.arange(1.0, 301.0)), NO_TRADES, 10_000.0)
        assert found["sharpe"] is found["sortino"] is found["psr"] is found["calmar"] is None

    def test_ruin(self) -> None:
        time, equity = walk(60, DAY)
        equity[-20:] = 0.0
        found = compute_metrics(time, equity, NO_TRADES, 10_000.0)
        assert (found["cagr"], found["max_drawdown"], found["total_return"]) == (-1.0, 1.0, -1.0)
        assert found["sharpe"] is found["volatility"] is None

    def test_one_bar(self) -> None:
        found = compute_metrics(np.array([MIDNIGHT]), np.array([11_000.0]), NO_TRADES, 10_000.0)
        assert found["total_return"] == close(0.1)
        assert found["sharpe"] is found["cagr"] is found["volatility"] is None

    @pytest.mark.parametrize(("bars", "capital"), [(0, 1.0), (5, 0.0), (5, math.nan)])
    def test_refused(self, bars: int, capital: float) -> None:
        time, equity = walk(bars, HOUR)
        with pytest.raises(ValueError, match="metrics need"):
            compute_metrics(time, equity, NO_TRADES, capital)


class TestFigures:
    """Small cases anyone can check by hand."""

    def test_drawdown_from_capital_and_recovery(self) -> None:
        time = np.arange(1, 9) * HOUR
        equity = np.array([90.0, 100.0, 120.0, 60.0, 119.0, 120.0, 130.0, 117.0])
        worst, squares, peak, longest, still_open = drawdown(time, equity, 100.0, 0)
        assert (worst, peak, longest, still_open) == (0.5, 130.0, 3 * HOUR, 0.0)
        assert squares == close(0.1**2 + 0.5**2 + (1 / 120) ** 2 + 0.1**2)

    def test_drawdown_left_open(self) -> None:
        time, equity = np.arange(1, 6) * HOUR, np.array([100.0, 99.0, 100.0, 99.0, 98.0])
        assert drawdown(time, equity, 100.0, 0)[3:] == [2 * HOUR, 0.0]
        assert drawdown(time[:4], equity[:4] - 1, 100.0, 0)[3:] == [4 * HOUR, 1.0]

    def test_exposure_is_a_union(self) -> None:
        found = of_trades([1.0] * 4, entry_bar=[50, 0, 5, 98], exit_bar=[50, 9, 6, 99])
        assert found["exposure_time"] == close((10 + 1 + 2) / 100)

    def test_money(self) -> None:
        reasons = [EXIT_REASONS.index("liquidated"), 1]
        found = of_trades([5.0, -5.0], fees=[1.0, 2.0], funding=[-3.0, 1.0], reason=reasons, side=[1, -1])
        assert (found["fees_paid"], found["funding_paid"], found["turnover"]) == (3.0, 2.0, 4000.0)
        assert (found["liquidations"], found["longs"], found["shorts"]) == (1, 1, 1)

    def test_buy_and_hold(self) -> None:
        time, equity = walk(10, HOUR)
        found = compute_metrics(time, equity, NO_TRADES, 1.0, first_open=100.0, last_close=150.0)
        assert found["buy_hold_return"] == 0.5

    def test_expectancy_is_freqtrades(self) -> None:
        found = of_trades([30.0, 10.0, -10.0, -5.0, 0.0])
        assert found["expectancy"] == close(0.4 * 20 - 0.4 * 7.5)
        assert found["expectancy_ratio"] == close((1 + 20 / 7.5) * 0.4 - 1)

    def test_bar_length_ignores_holes(self) -> None:
        assert bar_length(np.array([0, 5, 6, 7, 30])) == 1


# --- laws -------------------------------------------------------------------------------------------------

EQUITIES = st.lists(st.floats(10, 1000), min_size=2, max_size=200)
PROFITS = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=1, max_size=40)


class TestLaws:
    @given(EQUITIES, st.sampled_from([0.25, 2.0, 1024.0]))
    def test_scale_does_not_matter(self, equity: list[float], factor: float) -> None:
        """Ten times the money is the same strategy: every ratio and percentage stays."""
        time = MIDNIGHT + 8 * HOUR * (np.arange(len(equity)) + 1)
        trades = trades_of([5.0, -3.0, 8.0])
        larger = trades_of([5.0 * factor, -3.0 * factor, 8.0 * factor], notional=1000 * factor)
        one = compute_metrics(time, np.array(equity), trades, 100.0)
        other = compute_metrics(time, np.array(equity) * factor, larger, 100.0 * factor)
        for name, definition in DEFINITIONS.items():
            expected = one[name]
            if definition.unit == "quote" and expected is not None:
                expected *= factor
            assert other[name] == (expected if expected is None else close(expected)), name

    @given(PROFITS, st.randoms())
    def test_order_of_trades_does_not_matter(self, pnl: list[float], random: Any) -> None:
        rows = trades_of(pnl, entry_bar=np.arange(len(pnl)) * 2, exit_bar=np.arange(len(pnl)) * 2 + 1)
        order = list(range(len(pnl)))
        random.shuffle(order)
        time, equity = walk(100, HOUR)
        one, other = (compute_metrics(time, equity, r, 10_000.0) for r in (rows, rows[order]))
        assert {k: v if v is None else close(v) for k, v in one.items()} == other

    @given(EQUITIES)
    def test_bounds(self, equity: list[float]) -> None:
        time = MIDNIGHT + 8 * HOUR * (np.arange(len(equity)) + 1)
        found: Any = compute_metrics(time, np.array(equity), NO_TRADES, equity[0])
        assert 0 <= found["max_drawdown_daily"] <= found["max_drawdown"] + 1e-12 < 1
        assert found["ulcer_index"] <= 100 * found["max_drawdown"] + 1e-9
        assert found["peak_equity"] >= found["final_equity"] and found["peak_equity"] >= equity[0]
        assert found["psr"] is None or 0 <= found["psr"] <= 1
        assert found["sharpe"] is None or (found["sharpe"] >= 0) == (found["psr"] >= 0.5)

    @given(EQUITIES)
    def test_drawdown_by_definition(self, equity: list[float]) -> None:
        curve = np.array([100.0, *equity])
        depth = 1 - curve / np.maximum.accumulate(curve)
        found = drawdown(np.arange(len(equity)), curve[1:], 100.0, -1)
        assert found[0] == close(depth.max())
        assert found[1] == close((depth**2).sum())

    @given(PROFITS)
    def test_figures_are_json(self, pnl: list[float]) -> None:
        json.dumps(of_trades(pnl), allow_nan=False)


# --- the contract -----------------------------------------------------------------------------------------


def test_every_figure_is_defined() -> None:
    """Names and order of the result are those of the definitions; ids are unique and end in a version."""
    assert list(of_trades([1.0])) == list(DEFINITIONS)
    ids = [d.id for d in DEFINITIONS.values()]
    assert len(set(ids)) == len(ids) and all(i.rpartition(".v")[2].isdigit() for i in ids)


def test_docs_are_generated() -> None:
    """To renew: python -c "import engine.metric_definitions as m; print(m.as_markdown(), end='')"."""
    assert (REPOSITORY / "docs" / "metrics.md").read_text() == as_markdown()
