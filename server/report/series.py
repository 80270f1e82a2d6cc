"""What the pictures of a report are drawn from: equity in buckets, candles, months.  All of it is plain JSON data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.candles import PRICE_COLUMNS, Candles
from engine.metrics import bar_length
from engine.result import Result
from server.report.packing import packed, segments

MAX_BUCKETS = 4_000  # of the equity curve
ALL_BARS = 100_000  # up to here all candles are embedded, about 0.9 MB
WINDOW_BARS = 500_000  # beyond: so many bars around trades, about 5 MB
_PADS = (60, 40, 25, 15, 8, 4)  # bars before and after an entry or exit
_SCALE = 2**30

Rows = NDArray[np.int64]


def capital_of(result: Result) -> float:
    """Equity before the first bar, quote currency."""
    return float(result.settings.get("capital") or result.equity[0])


# --- equity -----------------------------------------------------------------------------------------------------------


def equity_series(result: Result) -> dict[str, Any]:
    """Equity and drawdown in at most `MAX_BUCKETS` buckets: last, lowest and highest value, deepest drawdown.

    Peaks survive because every bucket keeps its extremes.  `t` is the closing instant of the bucket's last bar in
    minutes after `t0` (ms UTC), `dd` in percent (negative), `hold` the first market bought and held.
    """
    time, equity = result.time, result.equity
    first = _bucket_starts(len(equity))
    last = np.append(first[1:], len(equity)) - 1
    peak = np.maximum.accumulate(np.maximum(equity, capital_of(result)))
    out: dict[str, Any] = {
        "capital": capital_of(result),
        "bars": len(equity),
        "t0": int(time[0]),
        "t": ((time[last] - time[0]) // 60_000).tolist(),
        "eq": _short(equity[last]),
        "dd": _short(100 * np.minimum.reduceat(equity / peak - 1, first), 4),
        "hold": _hold(result, last),
    }
    if len(first) < len(equity):
        out["lo"] = _short(np.minimum.reduceat(equity, first))
        out["hi"] = _short(np.maximum.reduceat(equity, first))
    return out


def _bucket_starts(bars: int) -> Rows:
    buckets = min(bars, MAX_BUCKETS)
    return (np.arange(buckets) * bars // buckets).astype(np.int64)


def _hold(result: Result, rows: Rows) -> list[float] | None:
    """Equity of buying the first market at its first open, without fees."""
    if len(result.candles) != 1:
        return None
    candles: Candles = result.candles[0]
    at = np.searchsorted(candles.close_time, result.time[rows], side="right") - 1
    prices = np.where(at < 0, candles.open[0], candles.close[at])
    return _short(capital_of(result) * prices / candles.open[0])


def _short(values: NDArray[np.float64], digits: int = 7) -> list[float]:
    """Values with so many significant digits: enough to draw, a third of the size."""
    return [float(f"{v:.{digits}g}") for v in values.tolist()]


# --- candles ----------------------------------------------------------------------------------------------------------


def candle_charts(result: Result) -> list[dict[str, Any]]:
    """One chart per market, of the bars `chart_rows` chooses."""
    return [
        _chart(candles, rows, info.instrument.tick) | {"pad": pad}
        for candles, info, (rows, pad) in zip(result.candles, result.data, chart_rows(result), strict=True)
    ]


def chart_rows(result: Result) -> list[tuple[Rows, int]]:
    """The bars of each market that are drawn: all when there are few, else windows around entries and exits.

    The second value is the width of the windows on each side, 0 = all bars.
    """
    if sum(len(candles) for candles in result.candles) <= ALL_BARS:
        return [(np.arange(len(candles)), 0) for candles in result.candles]
    share = WINDOW_BARS // len(result.candles)
    return [
        window_rows(candles, result.trades[result.trades["symbol"] == index], share)
        for index, candles in enumerate(result.candles)
    ]


def window_rows(candles: Candles, trades: NDArray[np.void], most: int) -> tuple[Rows, int]:
    """Bars around entries and exits, and how many on each side: as wide as `most` bars allow.

    If even the narrowest windows are too many, the latest trades have theirs and the earlier ones have none.
    """
    points = np.concatenate([_bars_at(candles, trades["entry_time"]), _bars_at(candles, trades["exit_time"])])
    if len(points) == 0:
        return np.arange(max(0, len(candles) - ALL_BARS), len(candles)), 0
    widths = ((pad, np.flatnonzero(_covered(points, pad, len(candles)))) for pad in _PADS)
    narrowest = _PADS[-1], np.flatnonzero(_covered(points, _PADS[-1], len(candles)))[-most:]
    pad, rows = next((found for found in widths if len(found[1]) <= most), narrowest)
    return rows, pad


def _bars_at(candles: Candles, instants: Rows) -> Rows:
    return np.maximum(np.searchsorted(candles.time, instants, side="right") - 1, 0)


def _covered(points: Rows, pad: int, bars: int) -> NDArray[np.bool_]:
    """Which bars lie at most `pad` away from a point."""
    steps = np.zeros(bars + 1, np.int64)
    np.add.at(steps, np.maximum(points - pad, 0), 1)
    np.add.at(steps, np.minimum(points + pad + 1, bars), -1)
    return np.cumsum(steps[:-1]) > 0


def _chart(candles: Candles, rows: Rows, tick: float) -> dict[str, Any]:
    """Candles as `templates/report/candle_data.js` unpacks them, about 9 bytes a bar.

    Prices are whole multiples of `unit`: open and close as steps from the close before (`base` for
    the first bar), high and low as distances from
    the body.  Volume is logarithmic in steps of 0.5 % below `most`, 0 = none; a picture needs no more.  `segments` are
    [opening instant of the first bar, bars]: runs of bars without a hole.
    """
    unit = _unit(candles, tick)
    units = {name: np.round(getattr(candles, name)[rows] / unit).astype(np.int64) for name in PRICE_COLUMNS}
    before = np.concatenate((units["open"][:1], units["close"][:-1]))
    most = float(candles.volume.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        volume = np.maximum(np.round(4000 + 200 * np.log(candles.volume[rows] / most)), 1)
    return {
        "symbol": candles.symbol,
        "timeframe": candles.timeframe,
        "bar_ms": candles.bar_ms,
        "bars": len(candles),
        "tick": tick,
        "unit": unit,
        "base": int(before[0]) if len(rows) else 0,
        "most": most,
        "segments": segments(candles.time[rows], candles.bar_ms),
        "open": packed(units["open"] - before),
        "close": packed(units["close"] - before),
        "high": packed(units["high"] - np.maximum(units["open"], units["close"])),
        "low": packed(np.minimum(units["open"], units["close"]) - units["low"]),
        "volume": packed(np.where(candles.volume[rows] > 0, np.nan_to_num(volume), 0).astype(np.int64)),
    }


def _unit(candles: Candles, tick: float) -> float:
    """The tick if all closes are multiples of it, else a billionth of the highest price."""
    steps = candles.close / tick if tick > 0 else candles.close
    if tick > 0 and float(np.max(np.abs(steps - np.round(steps)))) < 1e-3 and float(steps.max()) < _SCALE:
        return tick
    return float(candles.high.max()) / _SCALE


# --- months -----------------------------------------------------------------------------------------------------------


def monthly_returns(result: Result) -> list[dict[str, Any]]:
    """Return per UTC month and year (ratio): last equity at or before the end / the one before - 1, None outside.

    The first month begins with the starting capital; months compound to the total return.
    """
    time, equity = result.time, result.equity
    first = int(time[0]) - bar_length(time)
    months = np.arange(_month(first), _month(int(time[-1]) - 1) + 1)
    ends = (months + 1).astype("datetime64[ms]").astype(np.int64)
    rows = np.searchsorted(time, ends, side="right") - 1
    values = np.where(rows < 0, capital_of(result), equity[rows])
    before = np.concatenate(([capital_of(result)], values[:-1]))
    years: dict[int, dict[str, Any]] = {}
    for month, start, end in zip(months.astype(object), before.tolist(), values.tolist(), strict=True):
        year = years.setdefault(month.year, {"year": month.year, "months": [None] * 12, "start": start})
        year["months"][month.month - 1] = end / start - 1 if start > 0 else None
        year["total"] = end / year["start"] - 1 if year["start"] > 0 else None
    return list(years.values())


def _month(instant: int) -> np.datetime64:
    return np.datetime64(instant, "ms").astype("datetime64[M]")
