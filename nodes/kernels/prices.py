"""Quantities of single bars."""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import Candles

FloatGrid = NDArray[np.float64]  # one row per output of a kernel


@part
def known(x: float) -> bool:
    """Whether x is a finite number."""
    return x - x == 0.0


@part
def range_with_gap(high: float, low: float, before: float) -> float:
    """True range: from the lowest to the highest of this bar and the close before it."""
    top = high if high > before else before
    bottom = low if low < before else before
    return top - bottom


@part
def flow_volume(high: float, low: float, close: float, volume: float) -> float:
    """Volume times where the close lies in the bar, -1 at the low to +1 at the high; a bar without a range gives 0."""
    span = high - low
    bought = (close - low) - (high - close)
    return (bought / span if span != 0.0 else 0.0 * bought) * volume


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]")
def _flow(high: FloatColumn, low: FloatColumn, close: FloatColumn, volume: FloatColumn, out: FloatColumn) -> int:
    for i in range(len(out)):
        out[i] = flow_volume(high[i], low[i], close[i], volume[i])
    return 0


def money_flow_volume(candles: Candles) -> FloatColumn:
    """Volume of every bar, times where it closed in its range."""
    out = np.empty(len(candles))
    _flow(candles.high, candles.low, candles.close, candles.volume, out)
    return out


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]")
def _typical(high: FloatColumn, low: FloatColumn, close: FloatColumn, out: FloatColumn) -> int:
    for i in range(len(out)):
        out[i] = (high[i] + low[i] + close[i]) / 3.0
    return 0


def typical_price(candles: Candles) -> FloatColumn:
    """(high + low + close) / 3 of every bar."""
    out = np.empty(len(candles))
    _typical(candles.high, candles.low, candles.close, out)
    return out


def solid(column: FloatColumn) -> FloatColumn:
    """The column in the form kernels read; only a constant, which is a broadcast view, is copied."""
    return np.ascontiguousarray(column, np.float64)
