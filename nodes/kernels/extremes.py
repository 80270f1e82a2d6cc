"""Highest and lowest of the last `length` rows: blocks as in `windows`, so the time does not depend on the length.

A window with an unknown row, or one that is not full, has no extremes.  `tail` arrays are scratch of length + 1.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import FloatGrid


@part
def tail_extremes(
    high: FloatColumn, low: FloatColumn, start: int, length: int, tops: FloatColumn, bottoms: FloatColumn
) -> None:
    """tops[j], bottoms[j]: highest and lowest from row j of the block before `start` to its end."""
    top = -np.inf
    bottom = np.inf
    tops[length] = top
    bottoms[length] = bottom
    for j in range(length - 1, 0, -1):
        if start > 0:
            row = start - length + j
            top = high[row] if high[row] > top else top
            bottom = low[row] if low[row] < bottom else bottom
        tops[j] = top
        bottoms[j] = bottom


@kernel("f8[:]", "f8[:]", "i8", "f8[:]", "f8[:]", "f8[:,:]")
def channel(
    high: FloatColumn, low: FloatColumn, length: int, tops: FloatColumn, bottoms: FloatColumn, out: FloatGrid
) -> int:
    """Rows of `out`: highest high, the middle, lowest low."""
    hole = -1  # the last row that is unknown
    for start in range(0, len(high), length):
        tail_extremes(high, low, start, length, tops, bottoms)
        top = -np.inf
        bottom = np.inf
        for i in range(start, min(start + length, len(high))):
            h = high[i]
            w = low[i]
            if h != h or w != w:
                hole = i
            top = h if h > top else top
            bottom = w if w < bottom else bottom
            j = i - start + 1
            highest = top if top > tops[j] else tops[j]
            lowest = bottom if bottom < bottoms[j] else bottoms[j]
            full = i - hole >= length
            out[0, i] = highest if full else np.nan
            out[2, i] = lowest if full else np.nan
            out[1, i] = (highest + lowest) / 2.0 if full else np.nan
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "i8", "f8", "f8[:]", "f8[:]", "f8[:]")
def place(
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    length: int,
    base: float,
    tops: FloatColumn,
    bottoms: FloatColumn,
    out: FloatColumn,
) -> int:
    """Where the close lies between lowest low (`base`) and highest high (`base` + 100); NaN if they are equal."""
    hole = -1
    for start in range(0, len(high), length):
        tail_extremes(high, low, start, length, tops, bottoms)
        top = -np.inf
        bottom = np.inf
        for i in range(start, min(start + length, len(high))):
            h = high[i]
            w = low[i]
            if h != h or w != w:
                hole = i
            top = h if h > top else top
            bottom = w if w < bottom else bottom
            j = i - start + 1
            highest = top if top > tops[j] else tops[j]
            lowest = bottom if bottom < bottoms[j] else bottoms[j]
            value = base + 100.0 * (close[i] - lowest) / (highest - lowest)
            out[i] = value if i - hole >= length else np.nan
    return 0


def place_in_range(high: FloatColumn, low: FloatColumn, close: FloatColumn, length: int, base: float) -> FloatColumn:
    """Where the close lies in the range of the last `length` bars, from `base` to `base` + 100, as a new column."""
    out = np.empty(len(close))
    place(high, low, close, length, base, np.empty(length + 1), np.empty(length + 1), out)
    return out
