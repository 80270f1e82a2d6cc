"""Sums over the last `length` rows, without drift.

The rows are cut into blocks of `length`.  A window is the tail of one block and the head of the next; both are plain
running sums, so nothing is ever subtracted, an error cannot pile up, and NaN is in a result exactly while it is in the
window (the block trick of van Herk and Gil-Werman, 1992, for sums).  Where a mean is wanted, the first value of the
block, which lies in every window that ends in the block, is taken off first: equal values have exactly their own mean
and no variance.

`tail` arrays are scratch of length + 1: tail[j] belongs to the rows from j of the last block to its end.  Row numbers
are unsigned, which spares numba's question whether an index counts from the end: half the time of these loops.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import FloatGrid

ONE = np.uint64(1)


@part
def no_block_before(tail: FloatColumn) -> None:
    """The tails for the first block: unknown, but for the one of no rows."""
    for j in range(len(tail)):
        tail[j] = np.nan
    tail[len(tail) - 1] = 0.0


@part
def tail_sums(source: FloatColumn, start: np.uint64, size: np.uint64, shift: float, tail: FloatColumn) -> None:
    """Sums of the tails of the block before `start`."""
    total = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        total += source[start + j - size] - shift
        tail[j] = total


@kernel("f8[:]", "i8", "f8[:]", "f8[:]")
def mean(source: FloatColumn, length: int, tail: FloatColumn, out: FloatColumn) -> int:
    """Mean of the window."""
    no_block_before(tail)
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(0)
    while start < rows:
        shift = source[start]
        tail_sums(source, start, size, shift, tail)
        total = 0.0
        for j in range(min(size, rows - start)):
            total += source[start + j] - shift
            out[start + j] = shift + (tail[j + ONE] + total) / length
        start = start + size
    return 0


def moving_average(source: FloatColumn, length: int) -> FloatColumn:
    """The mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    mean(source, length, np.empty(length + 1), out)
    return out


@part
def _linear_tails(source: FloatColumn, start: np.uint64, size: np.uint64, shift: float, tail: FloatColumn) -> None:
    total = weighted = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        total += source[start + j - size] - shift
        weighted += total
        tail[j] = weighted


@kernel("f8[:]", "i8", "f8[:]", "f8[:]")
def linear_mean(source: FloatColumn, length: int, tail: FloatColumn, out: FloatColumn) -> int:
    """Mean with the weights 1 (oldest) to `length` (newest)."""
    no_block_before(tail)
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(0)
    share = 2.0 / (length * (length + 1.0))
    while start < rows:
        shift = source[start]
        _linear_tails(source, start, size, shift, tail)
        total = rising = age = 0.0
        for j in range(min(size, rows - start)):
            x = source[start + j] - shift
            total += x
            rising += age * x
            out[start + j] = shift + (tail[j + ONE] + ((length - age) * total + rising)) * share
            age += 1.0
        start = start + size
    return 0


def linear_average(source: FloatColumn, length: int) -> FloatColumn:
    """The linearly weighted mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    linear_mean(source, length, np.empty(length + 1), out)
    return out


@part
def _tail_moments(
    source: FloatColumn, start: np.uint64, size: np.uint64, shift: float, tail: FloatColumn, squares: FloatColumn
) -> None:
    total = square = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        x = source[start + j - size] - shift
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
    no_block_before(tail)
    no_block_before(squares)
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(0)
    share = 1.0 / length
    while start < rows:
        shift = source[start]
        _tail_moments(source, start, size, shift, tail, squares)
        total = square = 0.0
        for j in range(min(size, rows - start)):
            x = source[start + j] - shift
            total += x
            square += x * x
            out[start + j] = _spread(tail[j + ONE] + total, squares[j + ONE] + square, share)
        start = start + size
    return 0


@kernel("f8[:]", "i8", "f8", "f8[:]", "f8[:]", "f8[:,:]")
def bands(
    source: FloatColumn, length: int, deviations: float, tail: FloatColumn, squares: FloatColumn, out: FloatGrid
) -> int:
    """Rows of `out`: so many standard deviations above the mean of the window, the mean, so many below."""
    no_block_before(tail)
    no_block_before(squares)
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(0)
    share = 1.0 / length
    while start < rows:
        shift = source[start]
        _tail_moments(source, start, size, shift, tail, squares)
        total = square = 0.0
        for j in range(min(size, rows - start)):
            x = source[start + j] - shift
            total += x
            square += x * x
            centre = shift + (tail[j + ONE] + total) / length
            width = deviations * _spread(tail[j + ONE] + total, squares[j + ONE] + square, share)
            out[0, start + j] = centre + width
            out[1, start + j] = centre
            out[2, start + j] = centre - width
        start = start + size
    return 0


@part
def _tail_pairs(
    a: FloatColumn, b: FloatColumn, start: np.uint64, size: np.uint64, tail_a: FloatColumn, tail_b: FloatColumn
) -> None:
    sum_a = sum_b = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        sum_a += a[start + j - size]
        sum_b += b[start + j - size]
        tail_a[j] = sum_a
        tail_b[j] = sum_b


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
    no_block_before(tail_above)
    no_block_before(tail_below)
    rows, size, start = np.uint64(len(above)), np.uint64(length), np.uint64(0)
    while start < rows:
        _tail_pairs(above, below, start, size, tail_above, tail_below)
        a = b = 0.0
        for j in range(min(size, rows - start)):
            a += above[start + j]
            b += below[start + j]
            out[start + j] = scale * (tail_above[j + ONE] + a) / (tail_below[j + ONE] + b)
        start = start + size
    return 0


def moving_ratio(above: FloatColumn, below: FloatColumn, length: int, scale: float) -> FloatColumn:
    """Sum of `above` / sum of `below` over the last `length` rows times scale, as a new column."""
    out = np.empty(len(above))
    ratio(above, below, length, scale, np.empty(length + 1), np.empty(length + 1), out)
    return out


@part
def _weighted_tails(
    source: FloatColumn,
    weight: FloatColumn,
    start: np.uint64,
    size: np.uint64,
    shift: float,
    tail: FloatColumn,
    tail_weight: FloatColumn,
) -> None:
    total = weights = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        row = start + j - size
        total += (source[row] - shift) * weight[row]
        weights += weight[row]
        tail[j] = total
        tail_weight[j] = weights


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
    no_block_before(tail)
    no_block_before(tail_weight)
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(0)
    while start < rows:
        shift = source[start]
        _weighted_tails(source, weight, start, size, shift, tail, tail_weight)
        total = weights = 0.0
        for j in range(min(size, rows - start)):
            total += (source[start + j] - shift) * weight[start + j]
            weights += weight[start + j]
            out[start + j] = shift + (tail[j + ONE] + total) / (tail_weight[j + ONE] + weights)
        start = start + size
    return 0


def weighted_average(source: FloatColumn, weight: FloatColumn, length: int) -> FloatColumn:
    """The weighted mean of the last `length` rows, as a new column."""
    out = np.empty(len(source))
    weighted_mean(source, weight, length, np.empty(length + 1), np.empty(length + 1), out)
    return out
