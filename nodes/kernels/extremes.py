"""Highest and lowest of the last `length` rows: blocks as in `windows`, so the time does not depend on the length.

A window with an unknown row, or one that is not full, has no extremes.  `tail` arrays are scratch of length + 1.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import FloatGrid
from nodes.kernels.windows import ONE


@part
def no_extremes_before(tops: FloatColumn, bottoms: FloatColumn) -> None:
    """The tails for the first block, and that of no rows: anything is higher and lower."""
    for j in range(len(tops)):
        tops[j] = -np.inf
        bottoms[j] = np.inf


@part
def tail_extremes(
    high: FloatColumn, low: FloatColumn, start: np.uint64, size: np.uint64, tops: FloatColumn, bottoms: FloatColumn
) -> None:
    """Highest and lowest of the tails of the block before `start`."""
    top = -np.inf
    bottom = np.inf
    j = size
    while j > ONE and start > 0:
        j -= ONE
        row = start + j - size
        top = high[row] if high[row] > top else top
        bottom = low[row] if low[row] < bottom else bottom
        tops[j] = top
        bottoms[j] = bottom


@kernel("f8[:]", "f8[:]", "i8", "f8[:]", "f8[:]", "f8[:,:]")
def channel(
    high: FloatColumn, low: FloatColumn, length: int, tops: FloatColumn, bottoms: FloatColumn, out: FloatGrid
) -> int:
    """Rows of `out`: highest high, the middle, lowest low."""
    no_extremes_before(tops, bottoms)
    rows, size, start, known_from = np.uint64(len(high)), np.uint64(length), np.uint64(0), np.uint64(0)
    while start < rows:
        tail_extremes(high, low, start, size, tops, bottoms)
        top = -np.inf
        bottom = np.inf
        for j in range(min(size, rows - start)):
            i = start + j
            h, w = high[i], low[i]
            if h != h or w != w:
                known_from = i + ONE
            top = h if h > top else top
            bottom = w if w < bottom else bottom
            highest = max(tops[j + ONE], top)
            lowest = min(bottoms[j + ONE], bottom)
            if i + ONE < known_from + size:
                highest = lowest = np.nan
            out[0, i] = highest
            out[1, i] = (highest + lowest) / 2.0
            out[2, i] = lowest
        start = start + size
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
    no_extremes_before(tops, bottoms)
    rows, size, start, known_from = np.uint64(len(high)), np.uint64(length), np.uint64(0), np.uint64(0)
    while start < rows:
        tail_extremes(high, low, start, size, tops, bottoms)
        top = -np.inf
        bottom = np.inf
        for j in range(min(size, rows - start)):
            i = start + j
            h, w = high[i], low[i]
            if h != h or w != w:
                known_from = i + ONE
            top = h if h > top else top
            bottom = w if w < bottom else bottom
            lowest = min(bottoms[j + ONE], bottom)
            value = base + 100.0 * (close[i] - lowest) / (max(tops[j + ONE], top) - lowest)
            out[i] = value if i + ONE >= known_from + size else np.nan
        start = start + size
    return 0


def place_in_range(high: FloatColumn, low: FloatColumn, close: FloatColumn, length: int, base: float) -> FloatColumn:
    """Where the close lies in the range of the last `length` bars, from `base` to `base` + 100, as a new column."""
    out = np.empty(len(close))
    place(high, low, close, length, base, np.empty(length + 1), np.empty(length + 1), out)
    return out
