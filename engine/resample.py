"""Candles of a longer timeframe from closed candles of a shorter one."""

from typing import Any

import msgspec
import numpy as np

from engine.candles import COLUMNS, Candles
from engine.errors import InputError
from engine.timeframe import anchor, duration


def resample(candles: Candles, timeframe: str) -> Candles:
    """Complete candles of `timeframe`: first open, highest high, lowest low, last close, summed volume.

    A longer bar is complete once its end has been reached by the close of the last base bar; bars missing
    inside it are allowed. A first bar whose beginning is not in the data is left out, as is a longer bar
    without base bars.
    Raises InputError where base bars do not fit into the longer ones.
    """
    length = _checked_length(candles, timeframe)
    opens = candles.time - (candles.time - anchor(timeframe)) % length
    starts = _first_rows(opens)
    closed_by = candles.time[-1] + candles.bar_ms if len(candles) else 0
    stop = len(opens)
    if len(starts) and candles.time[0] != opens[0]:
        starts = starts[1:]
    if len(starts) and opens[starts[-1]] + length > closed_by:
        starts, stop = starts[:-1], int(starts[-1])
    columns = _aggregate(candles, opens, starts, stop)
    return msgspec.structs.replace(candles, timeframe=timeframe, identity=f"{candles.identity}>{timeframe}", **columns)


def no_bars(candles: Candles, timeframe: str) -> Candles:
    """Candles of a timeframe in which nothing happened: what is known of bars shorter than those given."""
    empty = {name: getattr(candles, name)[:0] for name in COLUMNS}
    return msgspec.structs.replace(candles, timeframe=timeframe, identity=f"{candles.identity}>{timeframe}", **empty)


def _checked_length(candles: Candles, timeframe: str) -> int:
    length = duration(timeframe)
    if length % candles.bar_ms:
        raise InputError(f"{candles.symbol}: bars of {candles.timeframe} cannot be put together to {timeframe}")
    return length


def _first_rows(opens: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows at which a new longer bar begins."""
    changes = np.flatnonzero(opens[1:] != opens[:-1]) + 1
    return np.concatenate((np.zeros(min(len(opens), 1), np.int64), changes))


def _aggregate(candles: Candles, opens: Any, starts: Any, stop: int) -> dict[str, Any]:
    last_rows = np.append(starts[1:], stop) - 1 if len(starts) else starts
    columns: dict[str, Any] = {
        "time": opens[starts],
        "open": candles.open[starts],
        "high": _reduce(np.maximum, candles.high[:stop], starts),
        "low": _reduce(np.minimum, candles.low[:stop], starts),
        "close": candles.close[last_rows],
        "volume": _reduce(np.add, candles.volume[:stop], starts),
    }
    for column in columns.values():
        column.flags.writeable = False
    return columns


def _reduce(ufunc: np.ufunc, column: Any, starts: Any) -> Any:
    return ufunc.reduceat(column, starts) if len(starts) else np.empty(0)
