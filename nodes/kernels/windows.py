"""Sums over the last `length` rows, without drift.

The rows are cut into blocks of `length`.  A window is the tail of one block and the head of the next; both are plain
running sums, so nothing is ever subtracted, an error cannot pile up, and NaN is in a result exactly while it is in the
window (the block trick of van Herk and Gil-Werman, 1992, for sums).  Where a mean is wanted, the first value of the
block, which lies in every window that ends in the block, is taken off first: equal values have exactly their own mean
and no variance.  `tail` arrays are scratch of length + 1.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import FloatGrid


@part
def tail_sums(source: FloatColumn, start: int, length: int, shift: float, tail: FloatColumn) -> None:
    """tail[j] = sum from row j of the block before `start` to its end; NaN if there is none, 0 for no rows."""
    tail[length] = 0.0
    total = 0.0 if start > 0 else np.nan
    for j in range(length - 1, 0, -1):
        if start > 0:
            total += source[start - length + j] - shift
        tail[j] = total


@kernel("f8[:]", "i8", "f8[:]", "f8[:]")
def mean(source: FloatColumn, length: int, tail: FloatColumn, out: FloatColumn) -> int:
    """Mean of the window."""
    for start in range(0, len(source), length):
        shift = source[start]
        tail_sums(source, start, length, shift, tail)
        total = 0.0
        for i in range(start, min(start + length, len(source))):
            total += source[i] - shift
            out[i] = shift + (tail[i - start + 1] + total) / length
    return 0


def moving_average(source: FloatColumn, length: int) -> FloatColumn:
    """The mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    mean(source, length, np.empty(length + 1), out)
    return out


@kernel("f8[:]", "i8", "f8[:]", "f8[:]")
def linear_mean(source: FloatColumn, length: int, tail: FloatColumn, out: FloatColumn) -> int:
    """Mean with the weights 1 (oldest) to `length` (newest)."""
    weights = length * (length + 1) / 2.0
    for start in range(0, len(source), length):
        shift = source[start]
        _linear_tail(source, start, length, shift, tail)
        total = 0.0
        rising = 0.0
        for i in range(start, min(start + length, len(source))):
            j = i - start
            total += source[i] - shift
            rising += j * (source[i] - shift)
            out[i] = shift + (tail[j + 1] + ((length - j) * total + rising)) / weights
    return 0


@part
def _linear_tail(source: FloatColumn, start: int, length: int, shift: float, tail: FloatColumn) -> None:
    tail[length] = 0.0
    total = 0.0
    weighted = 0.0 if start > 0 else np.nan
    for j in range(length - 1, 0, -1):
        if start > 0:
            total += source[start - length + j] - shift
            weighted += total
        tail[j] = weighted


def linear_average(source: FloatColumn, length: int) -> FloatColumn:
    """The linearly weighted mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    linear_mean(source, length, np.empty(length + 1), out)
    return out


@part
def _tail_moments(
    source: FloatColumn, start: int, length: int, shift: float, tail: FloatColumn, squares: FloatColumn
) -> None:
    tail[length] = squares[length] = 0.0
    total = square = 0.0 if start > 0 else np.nan
    for j in range(length - 1, 0, -1):
        if start > 0:
            x = source[start - length + j] - shift
            total += x
            square += x * x
        tail[j] = total
        squares[j] = square


@part
def _spread(total: float, square: float, share: float) -> float:
    """Population standard deviation from the sums of values and squares; `share` is 1 / number of values."""
    centre = total * share
    variance = square * share - centre * centre
    return np.sqrt(0.0 if variance < 0.0 else variance)


@kernel("f8[:]", "i8", "f8[:]", "f8[:]", "f8[:]")
def deviation(source: FloatColumn, length: int, tail: FloatColumn, squares: FloatColumn, out: FloatColumn) -> int:
    """Population standard deviation of the window."""
    share = 1.0 / length
    for start in range(0, len(source), length):
        shift = source[start]
        _tail_moments(source, start, length, shift, tail, squares)
        total = square = 0.0
        for i in range(start, min(start + length, len(source))):
            x = source[i] - shift
            total += x
            square += x * x
            j = i - start + 1
            out[i] = _spread(tail[j] + total, squares[j] + square, share)
    return 0


@kernel("f8[:]", "i8", "f8", "f8[:]", "f8[:]", "f8[:,:]")
def bands(
    source: FloatColumn, length: int, deviations: float, tail: FloatColumn, squares: FloatColumn, out: FloatGrid
) -> int:
    """Rows of `out`: so many standard deviations above the mean of the window, the mean, so many below."""
    share = 1.0 / length
    for start in range(0, len(source), length):
        shift = source[start]
        _tail_moments(source, start, length, shift, tail, squares)
        total = square = 0.0
        for i in range(start, min(start + length, len(source))):
            x = source[i] - shift
            total += x
            square += x * x
            j = i - start + 1
            centre = shift + (tail[j] + total) / length
            width = deviations * _spread(tail[j] + total, squares[j] + square, share)
            out[1, i] = centre
            out[0, i] = centre + width
            out[2, i] = centre - width
    return 0


@kernel("f8[:]", "f8[:]", "i8", "f8", "f8[:]", "f8[:]", "f8[:]")
def ratio(
    above: FloatColumn,
    below: FloatColumn,
    length: int,
    scale: float,
    tail_above: FloatColumn,
    tail_below: FloatColumn,
    out: FloatColumn,
) -> int:
    """Sum of `above` / sum of `below` times scale; 0/0 is NaN."""
    for start in range(0, len(above), length):
        tail_sums(above, start, length, 0.0, tail_above)
        tail_sums(below, start, length, 0.0, tail_below)
        a = b = 0.0
        for i in range(start, min(start + length, len(above))):
            a += above[i]
            b += below[i]
            j = i - start + 1
            out[i] = scale * (tail_above[j] + a) / (tail_below[j] + b)
    return 0


def moving_ratio(above: FloatColumn, below: FloatColumn, length: int, scale: float) -> FloatColumn:
    """Sum of `above` / sum of `below` over the last `length` rows times scale, as a new column."""
    out = np.empty(len(above))
    ratio(above, below, length, scale, np.empty(length + 1), np.empty(length + 1), out)
    return out


@kernel("f8[:]", "f8[:]", "i8", "f8[:]", "f8[:]", "f8[:]")
def weighted_mean(
    source: FloatColumn,
    weight: FloatColumn,
    length: int,
    tail: FloatColumn,
    tail_weight: FloatColumn,
    out: FloatColumn,
) -> int:
    """Mean of the window with the given weights; NaN if they are all 0."""
    for start in range(0, len(source), length):
        shift = source[start]
        _weighted_tail(source, weight, start, length, shift, tail)
        tail_sums(weight, start, length, 0.0, tail_weight)
        total = weights = 0.0
        for i in range(start, min(start + length, len(source))):
            total += (source[i] - shift) * weight[i]
            weights += weight[i]
            j = i - start + 1
            out[i] = shift + (tail[j] + total) / (tail_weight[j] + weights)
    return 0


@part
def _weighted_tail(
    source: FloatColumn, weight: FloatColumn, start: int, length: int, shift: float, tail: FloatColumn
) -> None:
    tail[length] = 0.0
    total = 0.0 if start > 0 else np.nan
    for j in range(length - 1, 0, -1):
        if start > 0:
            row = start - length + j
            total += (source[row] - shift) * weight[row]
        tail[j] = total


def weighted_average(source: FloatColumn, weight: FloatColumn, length: int) -> FloatColumn:
    """The weighted mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    weighted_mean(source, weight, length, np.empty(length + 1), np.empty(length + 1), out)
    return out
