"""Aroon."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn, TimeColumn
from engine.kernel import kernel, part
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import FloatGrid


@part
def tail_rows(
    high: FloatColumn, low: FloatColumn, start: int, width: int, tops: TimeColumn, bottoms: TimeColumn
) -> None:
    """Rows of highest high and lowest low from row j of the block before `start` to its end, the latest of equals."""
    top = bottom = start - 1
    for j in range(width - 1, 0, -1):
        if start > 0:
            row = start - width + j
            top = top if high[row] <= high[top] else row
            bottom = bottom if low[row] >= low[bottom] else row
        tops[j] = top
        bottoms[j] = bottom


@kernel("f8[:]", "f8[:]", "i8", "i8[:]", "i8[:]", "f8[:,:]")
def age(high: FloatColumn, low: FloatColumn, length: int, tops: TimeColumn, bottoms: TimeColumn, out: FloatGrid) -> int:
    """Rows of `out`: up, down, oscillator (blocks as in `nodes.kernels.extremes`)."""
    width = length + 1
    hole = -1  # the last row that is unknown
    for start in range(0, len(high), width):
        tail_rows(high, low, start, width, tops, bottoms)
        top = bottom = start
        for i in range(start, min(start + width, len(high))):
            if high[i] != high[i] or low[i] != low[i]:
                hole = i
            top = top if high[i] < high[top] else i
            bottom = bottom if low[i] > low[bottom] else i
            j = i - start + 1
            if i - hole < width:
                out[0, i] = out[1, i] = out[2, i] = np.nan
                continue
            highest = tops[j] if j < width and high[tops[j]] > high[top] else top
            lowest = bottoms[j] if j < width and low[bottoms[j]] < low[bottom] else bottom
            out[0, i] = 100.0 * (length - (i - highest)) / length
            out[1, i] = 100.0 * (length - (i - lowest)) / length
            out[2, i] = 100.0 * (highest - lowest) / length
    return 0


class AroonLines(NamedTuple):
    """How fresh the last high and low are, and the difference."""

    up: Number
    down: Number
    oscillator: Number


class Aroon(Node, tag="indicator.aroon", frozen=True):
    """Aroon: how long ago the highest high and the lowest low of the last length + 1 bars were, the latest of equals.

    In: candles.
    Out: up and down 100 (this bar) to 0 (`length` bars ago), oscillator up - down; NaN for the first `length` bars, and
    while one of the last length + 1 is NaN.
    Source: Tushar Chande, Stocks & Commodities 1995; equals TA-Lib AROON and AROONOSC.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        return self.length + 1

    def compute(self, candles: Candles) -> AroonLines:
        out, width = np.empty((3, len(candles))), self.length + 1
        age(candles.high, candles.low, self.length, np.empty(width, np.int64), np.empty(width, np.int64), out)
        return AroonLines(*out)
