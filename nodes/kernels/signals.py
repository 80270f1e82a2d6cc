"""Arithmetic on signals that the signal, stop, target and gate nodes share.

Trades are rare among the bars, so levels are computed at their rows only.
"""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.values import UNKNOWN, ByteColumn, FloatColumn, Signal, constant

# Relative slack of limits on computed prices: a target put at 1.7 R must pass "at least 1.7 R".
CLOSE_TO = 1e-9


class Trades(NamedTuple):
    """The bars at which a signal is long or short: their rows, side (+1, -1) and entry price."""

    rows: NDArray[np.intp]
    side: ByteColumn
    entry: FloatColumn


def trade_rows(direction: ByteColumn) -> NDArray[np.intp]:
    """The bars at which a direction is up or down."""
    return np.flatnonzero((direction & 1).view(np.bool_))  # +1 and -1 are odd, 0 and UNKNOWN even


def trades_of(signal: Signal) -> Trades:
    rows = trade_rows(signal.direction)
    return Trades(rows, signal.direction[rows], signal.entry[rows])


def make_signal(
    reason: str,
    direction: ByteColumn,
    entry: FloatColumn,
    confidence: FloatColumn,
    quality: FloatColumn | None,
    environment: FloatColumn | None,
) -> Signal:
    """A signal without stop and target; a trade whose entry, confidence, ... is unknown becomes unknown."""
    rows = len(direction)
    none = constant(np.nan, rows)
    signal = Signal(
        direction=direction,
        entry=entry,
        confidence=confidence,
        stop=none,
        target=none,
        quality=constant(1.0, rows) if quality is None else quality,
        environment=constant(1.0, rows) if environment is None else environment,
        reasons=(reason,),
    )
    trades = trades_of(signal)
    unknown = np.isnan(trades.entry)
    for column in (signal.confidence, signal.quality, signal.environment):
        unknown |= np.isnan(column[trades.rows])
    return msgspec.structs.replace(signal, direction=_turned(direction, trades.rows[unknown], UNKNOWN))


def with_stop(signal: Signal, trades: Trades, stop: FloatColumn, reason: str) -> Signal:
    """The signal with a stop at its trades and nowhere else; a trade whose stop is unknown becomes unknown."""
    return msgspec.structs.replace(
        signal,
        direction=_turned(signal.direction, trades.rows[np.isnan(stop)], UNKNOWN),
        stop=_spread(stop, trades, len(signal.direction)),
        reasons=(*signal.reasons, reason),
    )


def with_target(signal: Signal, trades: Trades, target: FloatColumn, reason: str) -> Signal:
    """The signal with a target at its trades and nowhere else; a trade whose target is unknown becomes unknown."""
    return msgspec.structs.replace(
        signal,
        direction=_turned(signal.direction, trades.rows[np.isnan(target)], UNKNOWN),
        target=_spread(target, trades, len(signal.direction)),
        reasons=(*signal.reasons, reason),
    )


def gated(
    signal: Signal,
    trades: Trades,
    passes: NDArray[np.bool_],
    reason: str,
    unknown: NDArray[np.bool_] | None = None,
) -> Signal:
    """The signal with direction 0 at the trades that do not pass, and an unknown one where that is unknown."""
    direction = _turned(signal.direction, trades.rows[~passes], 0)
    if unknown is not None:
        direction = _turned(direction, trades.rows[unknown], UNKNOWN)
    return msgspec.structs.replace(signal, direction=direction, reasons=(*signal.reasons, reason))


def _turned(direction: ByteColumn, rows: NDArray[np.intp], value: int) -> ByteColumn:
    """The direction with another value at some rows; the column itself where there are none."""
    if not len(rows):
        return direction
    out = direction.copy()
    out[rows] = value
    return out


def _spread(level: FloatColumn, trades: Trades, rows: int) -> FloatColumn:
    """A column with levels at the trades and NaN elsewhere."""
    out = np.full(rows, np.nan)
    out[trades.rows] = level
    return out
