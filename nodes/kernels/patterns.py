"""Candlestick patterns: each kernel says at every bar whether the pattern is complete on that very bar.

`side` is +1 for a bullish pattern, -1 for a bearish one, 0 for none, and UNKNOWN while one of the candles it takes is
unknown.  Everything is measured against the range of a bar, so a bar without a range is no part of any pattern.

The tests are joined by `&` instead of `and`, and rows are unsigned: without branches the compiler uses vector
instructions, which is ten times as fast.  How strong a pattern is, is asked only where one is.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.errors import NodeError
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn, Candles, Direction, Number

# Relative slack of limits, in ranges of the bar: 0.3 of a range that is written in cents must count as 0.3 of it.
SLACK = 1e-9
ONE, TWO = np.uint64(1), np.uint64(2)
Rows = NDArray[np.intp]


class Pattern(NamedTuple):
    """Side and strength of a pattern."""

    out: Direction
    strength: Number


@part
def missing(o: float, h: float, low: float, c: float) -> float:
    """0 if all four prices are finite numbers, NaN otherwise."""
    return (o - o) + (h - h) + (low - low) + (c - c)


@part
def lower(a: float, b: float) -> float:
    """The lower of two numbers; unlike `min` without a question about NaN."""
    return a if a < b else b


@part
def higher(a: float, b: float) -> float:
    """The higher of two numbers."""
    return a if a > b else b


@part
def told(up: bool, down: bool, gap: float) -> int:
    """Direction of a bar; none where both sides are found, unknown where a candle is missing."""
    return (1 if up else 0) - (1 if down else 0) if gap == 0.0 else UNKNOWN


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def engulfing(
    opened: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    limits: FloatColumn,
    side: ByteColumn,
) -> int:
    """A body around the one before, which is of the other colour and smaller.

    `limits`: body / range, above the first and at least the second.
    """
    over, least = limits[0] + SLACK, limits[1] - SLACK
    for i in range(ONE, np.uint64(len(close))):
        o, c, a, b = opened[i], close[i], opened[i - ONE], close[i - ONE]
        body, before, span = c - o, b - a, high[i] - low[i]
        size = abs(body)
        fits = (size > over * span) & (size >= least * span) & (size > abs(before)) & (high[i - ONE] > low[i - ONE])
        up = fits & (body > 0.0) & (before < 0.0) & (o <= b) & (c >= a)
        down = fits & (body < 0.0) & (before > 0.0) & (o >= b) & (c <= a)
        gap = missing(o, high[i], low[i], c) + missing(a, high[i - ONE], low[i - ONE], b)
        side[i] = told(up, down, gap)
    return 0


@kernel("f8[:]", "f8[:]", "i8[:]", "i8", "f8[:]")
def engulfed(opened: FloatColumn, close: FloatColumn, rows: Rows, most: int, count: FloatColumn) -> int:
    """How many candles in a row before each of some rows have their bodies inside that of the row, at most `most`."""
    for n in range(len(rows)):
        i = int(rows[n])
        top, bottom = higher(opened[i], close[i]), lower(opened[i], close[i])
        inside = 0
        for k in range(1, min(most, i) + 1):
            a, b = opened[i - k], close[i - k]
            if not (a <= top and b <= top and a >= bottom and b >= bottom):
                break
            inside += 1
        count[i] = inside
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def star(
    opened: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    limits: FloatColumn,
    side: ByteColumn,
) -> int:
    """A long body, a small one at its far end, and a long one back into the first.

    `limits`: long body / range at least, small body / first at most, share of the first taken back.
    """
    long, small, recovery = limits[0] - SLACK, limits[1] + SLACK, limits[2]
    for i in range(TWO, np.uint64(len(close))):
        first, middle, last = close[i - TWO] - opened[i - TWO], close[i - ONE] - opened[i - ONE], close[i] - opened[i]
        size = abs(first)
        fits = (size >= long * (high[i - TWO] - low[i - TWO])) & (abs(last) >= long * (high[i] - low[i]))
        fits &= (abs(middle) <= small * size) & (high[i - ONE] > low[i - ONE])
        # the level the third bar has to reach, on the near side of which the small body has to stay
        level, slack = close[i - TWO] - recovery * first, SLACK * size
        top, bottom = higher(opened[i - ONE], close[i - ONE]), lower(opened[i - ONE], close[i - ONE])
        up = fits & (first < 0.0) & (last > 0.0) & (close[i] >= level - slack) & (top <= level + slack)
        down = fits & (first > 0.0) & (last < 0.0) & (close[i] <= level + slack) & (bottom >= level - slack)
        gap = missing(opened[i], high[i], low[i], close[i])
        gap += missing(opened[i - ONE], high[i - ONE], low[i - ONE], close[i - ONE])
        gap += missing(opened[i - TWO], high[i - TWO], low[i - TWO], close[i - TWO])
        side[i] = told(up, down, gap)
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def rejection(
    opened: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    limits: FloatColumn,
    side: ByteColumn,
) -> int:
    """A small body at one end and a long shadow to the other.

    `limits`: body / range at most, shadow / body at least, other shadow / range and way of the close at most.
    """
    body_most, shadow_least, other_most, end_most = limits[0], limits[1], limits[2], limits[3]
    for i in range(np.uint64(len(close))):
        o, h, w, c = opened[i], high[i], low[i], close[i]
        span, body = h - w, abs(c - o)
        slack = SLACK * span
        above, below = h - higher(o, c), lower(o, c) - w
        least, other, end = shadow_least * body - slack, other_most * span + slack, end_most * span + slack
        fits = (span > 0.0) & (body <= body_most * span + slack)
        up = fits & (below >= least) & (above <= other) & (h - c <= end)
        down = fits & (above >= least) & (below <= other) & (c - w <= end)
        side[i] = told(up, down, missing(o, h, w, c))
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def inside_break(
    opened: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    limits: FloatColumn,
    side: ByteColumn,
) -> int:
    """Bars, `limits`[0] at most, each inside the range of the one before, then a close beyond the first range."""
    most = np.uint64(limits[0])
    for i in range(most + ONE, np.uint64(len(close))):
        gap = missing(opened[i], high[i], low[i], close[i])
        gap += missing(opened[i - ONE], high[i - ONE], low[i - ONE], close[i - ONE])
        nested = high[i] > low[i]
        up = down = False
        for k in range(most):
            j = i - ONE - k  # the inner bar; the one before is around it
            top, bottom = high[j - ONE], low[j - ONE]
            gap += missing(opened[j - ONE], top, bottom, close[j - ONE])
            inner = high[j] - low[j]
            nested &= (inner > 0.0) & (inner < top - bottom) & (high[j] <= top) & (low[j] >= bottom)
            up |= nested & (close[i] > top)
            down |= nested & (close[i] < bottom)
        side[i] = told(up, down, gap)
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def three_bar(
    opened: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    limits: FloatColumn,
    side: ByteColumn,
) -> int:
    """A bar, one that goes further with lower high and lower low (mirrored), and one that closes beyond them.

    `limits`: body / range at least; 0 = beyond the middle bar, 1 = beyond both.
    """
    least, both = limits[0] - SLACK, limits[1] != 0.0
    for i in range(TWO, np.uint64(len(close))):
        first, last = close[i - TWO] - opened[i - TWO], close[i] - opened[i]
        h2, w2, h1, w1 = high[i - TWO], low[i - TWO], high[i - ONE], low[i - ONE]
        fits = (abs(first) >= least * (h2 - w2)) & (abs(last) >= least * (high[i] - low[i])) & (h1 > w1)
        top, bottom = (h2 if both else h1), (w2 if both else w1)
        up = fits & (first < 0.0) & (last > 0.0) & (w1 < w2) & (h1 < h2) & (close[i] > top)
        down = fits & (first > 0.0) & (last < 0.0) & (w1 > w2) & (h1 > h2) & (close[i] < bottom)
        gap = missing(opened[i], high[i], low[i], close[i]) + missing(opened[i - ONE], h1, w1, close[i - ONE])
        gap += missing(opened[i - TWO], h2, w2, close[i - TWO])
        side[i] = told(up, down, gap)
    return 0


def found(pattern: Any, candles: Candles, first: int, *limits: float) -> ByteColumn:
    """Direction of a pattern at every bar; bar `first` is the first that has all its candles."""
    side = np.empty(len(candles), np.int8)
    side[:first] = UNKNOWN
    pattern(candles.open, candles.high, candles.low, candles.close, np.array(limits, np.float64), side)
    return side


def rows_with(side: ByteColumn) -> Rows:
    """The bars that have a pattern."""
    return np.flatnonzero((side & 1).view(np.bool_))  # +1 and -1 are odd, 0 and UNKNOWN even


def by_volume(node: str, side: ByteColumn, ratio: FloatColumn | None, factor: float) -> None:
    """Drops, in place, patterns on less than `factor` times the usual volume; where that is unknown, so are they.

    A factor of 0 leaves all.  Raises NodeError, naming the node type, where there is a factor but no ratio.
    """
    if factor <= 0.0:
        return
    if ratio is None:
        raise NodeError(node, 'the pattern needs volume: connect "volume_ratio", or set volume_factor to 0')
    rows = rows_with(side)
    traded = ratio[rows]
    side[rows[traded < factor * (1.0 - SLACK)]] = 0
    side[rows[np.isnan(traded)]] = UNKNOWN


def column_of(side: ByteColumn, rows: Rows, values: Any) -> FloatColumn:
    """A column with a value at each pattern, 0 where there is none and NaN where that is unknown."""
    out = np.zeros(len(side))
    out[rows] = values
    out[side == UNKNOWN] = np.nan
    return out


def close_place(candles: Candles, side: ByteColumn, rows: Rows) -> FloatColumn:
    """How near the close of some bars is to their end on the side of the pattern: 1 at the end, 0 at the other one."""
    high, low, close = candles.high[rows], candles.low[rows], candles.close[rows]
    return np.where(side[rows] > 0, close - low, high - close) / (high - low)


def body_share(candles: Candles, rows: Rows) -> FloatColumn:
    """Body / range of some bars."""
    return np.abs(candles.close[rows] - candles.open[rows]) / (candles.high[rows] - candles.low[rows])
