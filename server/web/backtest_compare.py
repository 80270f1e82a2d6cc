"""Several back-tests side by side: curves in one picture, figures with their differences, trades that changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.metric_definitions import DEFINITIONS
from server.report import figures
from server.store.backtests import StoredBacktest

WIDTH, HEIGHT = 800.0, 260.0  # of the picture, in its own units
MOST = 8  # as many as there are colours
_POINTS = 400  # of a curve
_TRADES = 100  # shown of each list
# Figures of which less is better; of those named in neither list nobody can say.
_LESS = {
    "max_drawdown", "max_drawdown_daily", "max_drawdown_duration_ms", "ulcer_index", "volatility", "fees_paid",
    "liquidations",
}  # fmt: skip
_MORE = {
    "total_return", "cagr", "sharpe", "sortino", "psr", "calmar", "win_rate", "profit_factor", "expectancy",
    "expectancy_percent", "expectancy_ratio", "avg_trade", "avg_trade_percent", "sqn", "final_equity", "peak_equity",
}  # fmt: skip
Row = Mapping[str, Any]


class Line(msgspec.Struct, frozen=True):
    """A curve of the picture: points [ms UTC, percent], and its path."""

    title: str
    path: str
    points: list[tuple[int, float]]


class Picture(msgspec.Struct, frozen=True):
    """All curves on one scale: percent of the capital."""

    lines: list[Line]
    first: int
    last: int
    zero: float
    marks: list[tuple[float, str]]


class Compared(msgspec.Struct, frozen=True):
    """A figure of all back-tests: values, differences to the first, and which is best (-1 = nobody can say)."""

    title: str
    sentence: str
    values: list[str]
    differences: list[str]
    best: list[int]


class Changed(msgspec.Struct, frozen=True):
    """Trades of two back-tests: only in the one, only in the other, and the same entry with another exit."""

    only_first: list[Row]
    only_second: list[Row]
    other_exit: list[tuple[Row, Row]]
    same: int


def picture(names: Sequence[str], curves: Sequence[Mapping[str, Any]]) -> Picture:
    """The curves in percent of their capital."""
    points = [_points(curve) for curve in curves]
    everything = [value for line in points for _, value in line]
    low, high = min(0.0, *everything), max(0.0, *everything)
    span = (high - low) or 1.0
    first, last = min(line[0][0] for line in points), max(line[-1][0] for line in points)

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / span, 1)

    def path(line: list[tuple[int, float]]) -> str:
        length = max(1, last - first)
        return "".join(f"{'L' if n else 'M'}{WIDTH * (t - first) / length:.1f} {y(v)}" for n, (t, v) in enumerate(line))

    lines = [Line(name, path(line), line) for name, line in zip(names, points, strict=True)]
    return Picture(lines, first, last, y(0.0), [(y(v), f"{v:+.1f} %") for v in (high, low) if v])


def _points(curve: Mapping[str, Any]) -> list[tuple[int, float]]:
    step = max(1, len(curve["t"]) // _POINTS)
    places = sorted({*range(0, len(curve["t"]), step), len(curve["t"]) - 1})
    return [
        (curve["t0"] + 60_000 * curve["t"][at], round(100 * (curve["eq"][at] / curve["capital"] - 1), 3))
        for at in places
    ]


def compared(results: Sequence[Mapping[str, Any]]) -> list[Compared]:
    """All figures, in the order of their definitions."""
    metrics = [result["metrics"] for result in results]
    return [_compared(name, [m.get(name) for m in metrics]) for name in DEFINITIONS if any(name in m for m in metrics)]


def _compared(name: str, values: list[Any]) -> Compared:
    definition = DEFINITIONS[name]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    best: list[int] = []
    if len(set(numbers)) > 1 and name in _LESS | _MORE:
        winner = min(numbers) if name in _LESS else max(numbers)
        best = [at for at, value in enumerate(values) if value == winner]
    return Compared(
        definition.title, definition.sentence, [figures.show(name, value) for value in values],
        [_difference(name, values[0], value) for value in values], best,
    )  # fmt: skip


def _difference(name: str, first: Any, value: Any) -> str:
    known = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (first, value))
    if not known or first == value:
        return ""
    away = value - first
    text = figures.show(name, abs(away)).lstrip("+")
    return f"{'+' if away > 0 else '-'}{text}"


def changed(first: Sequence[Row], second: Sequence[Row]) -> Changed:
    """What became of the trades; an entry is the same with symbol, side, instant and price the same."""
    before, after = ({_entry(row): row for row in rows} for rows in (first, second))
    both = [key for key in before if key in after]
    other = [(before[key], after[key]) for key in both if _exit(before[key]) != _exit(after[key])]
    return Changed(
        [row for key, row in before.items() if key not in after][:_TRADES],
        [row for key, row in after.items() if key not in before][:_TRADES],
        other[:_TRADES],
        len(both) - len(other),
    )


def _entry(row: Row) -> tuple[Any, ...]:
    return row["symbol"], row["side"], row["entry_time"], row["entry_price"]


def _exit(row: Row) -> tuple[Any, ...]:
    return row["exit_time"], row["exit_price"], row["exit_reason"]


def cautions(runs: Sequence[StoredBacktest]) -> list[str]:
    """Why figures may not be comparable, in sentences."""
    results = [run.result or {} for run in runs]
    data = {tuple((d["symbol"], d["timeframe"], d["identity"]) for d in r["data"]) for r in results}
    markets = {tuple((d["symbol"], d["timeframe"]) for d in r["data"]) for r in results}
    ranges = {(r["first"], r["last"]) for r in results}
    told: list[str] = []
    if len(markets) > 1:
        told.append("They ran on different markets or timeframes, so trades and figures are not of the same thing.")
    elif len(ranges) > 1:
        told.append("They cover different ranges: a longer one has more trades and another market behind it.")
    elif len(data) > 1:
        told.append("The candles are not the same, though market and range are.")
    if len({r["policy_id"] for r in results}) > 1:
        told.append("The fill rules differ, so a difference need not come from the graph.")
    if len({r["settings"]["capital"] for r in results}) > 1:
        told.append("The capital differs; curves are shown in percent of it.")
    if any(one["synthetic"] for r in results for one in r["data"]):
        told.append("Some of the candles are invented (synthetic).")
    return told
