"""Builds the tables the matching kernel reads from the candles, funding and mark prices of the markets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.matching.engine import ExitTable, Market, Tables
from engine.matching.records import POLICY, RR_STEPS
from engine.time_check import instant_text
from engine.values import UNKNOWN, ExitPolicy

# Fields of an exit policy that its record has under the same name.
SAME_NAME = (
    "stop_shift_long", "stop_shift_short", "proximity_percent", "proximity_trail", "trail_percent", "atr_multiple",
    "atr_strong", "adx_strong", "atr_min_profit", "age_min_r", "age_percent", "proximity_continuous", "age_bars",
    "max_bars_pending", "max_bars_open",
)  # fmt: skip


def build_tables(markets: tuple[Market, ...], funding: bool) -> Tables:
    """Candle tables over the union of all opening instants; a market without a bar there has NaN.

    With one market the tables are views of its candles.  A market without mark candles
    uses last prices throughout; one with a hole in them is an InputError, as missing ones are never made up.
    """
    time = _union(markets)
    columns = {name: _stack(markets, time, name) for name in ("open", "high", "low", "close", "volume")}
    marks = {name: _marks(markets, time, name, columns[name]) for name in ("open", "high", "low")}
    bar_ms = markets[0].candles.bar_ms
    return Tables(
        time=time,
        **columns,
        mark_open=marks["open"],
        mark_high=marks["high"],
        mark_low=marks["low"],
        has_mark=any(m.mark is not None for m in markets),
        bar_ms=bar_ms,
        **_funding(markets, time, bar_ms, funding),
    )


def _union(markets: tuple[Market, ...]) -> NDArray[np.int64]:
    first = markets[0].candles
    for market in markets[1:]:
        if market.candles.timeframe != first.timeframe:
            raise InputError(
                f"{market.candles.symbol} has {market.candles.timeframe} candles, {first.symbol} {first.timeframe}: "
                "markets traded on one account need candles of one timeframe"
            )
    if len(markets) == 1:
        return first.time
    return np.unique(np.concatenate([m.candles.time for m in markets]))


def _stack(markets: tuple[Market, ...], time: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    if len(markets) == 1:
        return getattr(markets[0].candles, name).reshape(1, -1)
    out = np.full((len(markets), len(time)), np.nan)
    for row, market in zip(out, markets, strict=True):
        row[np.searchsorted(time, market.candles.time)] = getattr(market.candles, name)
    return out


def _marks(
    markets: tuple[Market, ...], time: NDArray[np.int64], name: str, last: NDArray[np.float64]
) -> NDArray[np.float64]:
    if all(m.mark is None for m in markets):
        return last
    out = last.copy()
    for s, market in enumerate(markets):
        if market.mark is not None:
            out[s] = _mark_column(market, time, name, out[s])
    return out


def _mark_column(market: Market, time: NDArray[np.int64], name: str, last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mark prices per bar: those of the mark candle that contains the bar (its open, high or low)."""
    mark = market.mark
    assert mark is not None
    if mark.bar_ms < market.candles.bar_ms:
        raise InputError(
            f"mark candles of {mark.symbol} are {mark.timeframe}, finer than the {market.candles.timeframe} candles; "
            f"give mark candles of {market.candles.timeframe} or longer"
        )
    at = np.searchsorted(mark.time, time, side="right") - 1
    used = ~np.isnan(last)
    covered = (at >= 0) & (time < mark.time[np.maximum(at, 0)] + mark.bar_ms)
    if not covered[used].all():
        missing = int(time[used & ~covered][0])
        raise InputError(
            f"mark candles of {mark.symbol} have no bar at {instant_text(missing)}; give candles that cover the run"
        )
    if mark.bar_ms == market.candles.bar_ms:
        return np.where(used, getattr(mark, name)[np.maximum(at, 0)], last)
    # A coarser mark bar says nothing about where inside it the extreme lay: the basis at its open is carried over.
    basis = mark.open[np.maximum(at, 0)] / _last_at(market, mark, at)
    return np.where(used, last * basis, last)


def _last_at(market: Market, mark: Any, at: NDArray[np.int64]) -> NDArray[np.float64]:
    candles = market.candles
    where = np.clip(np.searchsorted(candles.time, mark.time[np.maximum(at, 0)]), 0, len(candles) - 1)
    return candles.open[where]


def _funding(markets: tuple[Market, ...], time: NDArray[np.int64], bar_ms: int, applied: bool) -> dict[str, Any]:
    bars: list[Any] = []
    rates: list[Any] = []
    prices: list[Any] = []
    inside: list[Any] = []
    starts: list[int] = []
    ends: list[int] = []
    count = 0
    for market in markets:
        starts.append(count)
        if applied and market.funding is not None and len(time):
            due = market.funding.time
            at = np.searchsorted(time, due, side="right") - 1
            at += (at >= 0) & (due >= time[np.maximum(at, 0)] + bar_ms)  # in a hole: at the open of the next bar
            used = (at >= 0) & (at < len(time))
            bars.append(at[used])
            rates.append(market.funding.rate[used])
            inside.append((due[used] > time[at[used]]).astype(np.int64))
            prices.append(_settlement_price(market, due[used]))
            count += int(used.sum())
        ends.append(count)

    def joined(parts: list[Any], kind: str) -> Any:
        return np.ascontiguousarray(np.concatenate(parts), kind) if parts else np.zeros(0, kind)

    return {
        "funding_bar": joined(bars, "i8"),
        "funding_rate": joined(rates, "f8"),
        "funding_price": joined(prices, "f8"),
        "funding_inside": joined(inside, "i8"),
        "funding_start": np.array(starts, np.int64),
        "funding_end": np.array(ends, np.int64),
    }


def _settlement_price(market: Market, due: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mark price at each settlement: the open of the mark candle that begins then; 0 = use the last price."""
    if market.mark is None:
        return np.zeros(len(due))
    mark = market.mark
    at = np.clip(np.searchsorted(mark.time, due), 0, len(mark) - 1)
    return np.where(mark.time[at] == due, mark.open[at], 0.0)


def lower_exits(policies: list[ExitPolicy]) -> ExitTable:
    """Exit policies as kernel records, their columns gathered into tables."""
    out = np.zeros(max(1, len(policies)), POLICY)
    flags: list[Any] = []
    series: list[Any] = []

    def place(column: Any, table: list[Any]) -> int:
        if column is None:
            return -1
        table.append(column)
        return len(table) - 1

    for row, policy in zip(out, policies, strict=False):
        _write_policy(row, policy)
        row["exit_long"], row["exit_short"] = place(policy.exit_long, flags), place(policy.exit_short, flags)
        row["atr"], row["adx"] = place(policy.atr, series), place(policy.adx, series)
    return ExitTable(
        policies=out,
        flags=_gathered(flags, np.int8, UNKNOWN),
        series=_gathered(series, np.float64, np.nan),
    )


def _gathered(columns: list[Any], kind: Any, unknown: float) -> Any:
    """Columns as one table; those of a market with fewer rows are filled up with unknown."""
    out = np.full((len(columns), max(map(len, columns), default=0)), unknown, kind)
    for row, column in zip(out, columns, strict=True):
        row[: len(column)] = column
    return out


def _write_policy(row: Any, p: ExitPolicy) -> None:
    for name in SAME_NAME:
        row[name] = getattr(p, name)
    row["trail_offset"] = p.trail_offset_percent
    row["shift_on_price"] = p.stop_shift_basis == "price"
    row["steps"] = len(p.rr_steps)
    if len(p.rr_steps) > RR_STEPS:
        raise InputError(f"an exit policy has {len(p.rr_steps)} R steps; at most {RR_STEPS} are possible")
    for i, (reached, stop_at) in enumerate(p.rr_steps):
        row["reached"][i], row["stop_at"][i] = reached, stop_at
    row["managed"] = bool(
        p.rr_steps
        or p.proximity_percent
        or p.trail_percent
        or p.atr_multiple
        or p.age_bars
        or p.max_bars_open
        or p.exit_long is not None
        or p.exit_short is not None
    )
