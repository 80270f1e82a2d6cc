"""Statistics over a sliding window.

Sum, minimum and maximum join the end of the previous block of `length` rows with the beginning of the current
one (van Herk and Gil-Werman): constant work per row, nothing is subtracted again, so no rounding error builds
up and an unknown value is forgotten exactly when it leaves the window.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part

_SUM, _MIN, _MAX = 0, 1, 2


def window_sum(column: FloatColumn, length: int) -> FloatColumn:
    """Sum of the last `length` values; NaN in the first rows and where a value of the window is NaN."""
    return _window(column, length, _SUM)


def window_min(column: FloatColumn, length: int) -> FloatColumn:
    """Lowest of the last `length` values; NaN in the first rows and where a value of the window is NaN."""
    return _window(column, length, _MIN)


def window_max(column: FloatColumn, length: int) -> FloatColumn:
    """Highest of the last `length` values; NaN in the first rows and where a value of the window is NaN."""
    return _window(column, length, _MAX)


def window_rank(column: FloatColumn, length: int) -> FloatColumn:
    """Share (0 to 1) of the last `length` values that are <= the current one, which counts too."""
    out = np.empty(len(column))
    _rank(np.ascontiguousarray(column), length, out)
    return out


def window_percentile(column: FloatColumn, length: int, share: float) -> FloatColumn:
    """The value below which `share` (0 to 1) of the last `length` values lie, linear between neighbours."""
    out = np.empty(len(column))
    _percentile(np.ascontiguousarray(column), length, share, np.empty(length), out)
    return out


def _window(column: FloatColumn, length: int, kind: int) -> FloatColumn:
    out = np.empty(len(column))
    _blocks(np.ascontiguousarray(column), length, kind, np.empty(length), out)
    return out


@part
def _join(kind: int, a: float, b: float) -> float:
    if kind == _SUM:
        return a + b
    if kind == _MIN:
        return a if a < b or a != a else b
    return a if a > b or a != a else b


@kernel("f8[:]", "i8", "i8", "f8[:]", "f8[:]")
def _blocks(x: FloatColumn, length: int, kind: int, suffix: FloatColumn, out: FloatColumn) -> int:
    start = 0
    while start < len(x):
        stop = min(start + length, len(x))
        prefix = x[start]
        for i in range(start, stop):
            if i > start:
                prefix = _join(kind, prefix, x[i])
            if i - start == length - 1:
                out[i] = prefix
            elif start == 0:
                out[i] = np.nan
            else:
                out[i] = _join(kind, suffix[i - start + 1], prefix)
        if stop - start == length:
            suffix[length - 1] = x[stop - 1]
            for j in range(length - 2, -1, -1):
                suffix[j] = _join(kind, x[start + j], suffix[j + 1])
        start = stop
    return 0


# Below, indices are unsigned: the compiler then need not ask whether they count from the end, and uses vector
# instructions, which makes comparing 100 values cheaper than searching among them.


@kernel("f8[:]", "i8", "f8[:]")
def _rank(x: FloatColumn, length: int, out: FloatColumn) -> int:
    known = 0
    for i in range(len(x)):
        known = known + 1 if x[i] == x[i] else 0
        if known < length:
            out[i] = np.nan
            continue
        now, start, count = x[i], np.uint64(i - length + 1), 0
        for j in range(np.uint64(length)):
            if x[start + j] <= now:
                count += 1
        out[i] = count / length
    return 0


@part
def _below(window: FloatColumn, filled: int, value: float) -> int:
    """How many values of the window are less than `value`: its place, since the window is sorted."""
    count = 0
    for j in range(np.uint64(filled)):
        if window[j] < value:
            count += 1
    return count


@part
def _exchange(window: FloatColumn, old: int, new: int, value: float) -> None:
    """Take out position `old` and put in `value`, which came to stand at `new` were nothing taken out."""
    at = np.uint64(old)
    if old < new:
        new -= 1
        for j in range(np.uint64(new - old)):
            window[at + j] = window[at + j + np.uint64(1)]
    else:
        for j in range(np.uint64(old - new)):
            window[at - j] = window[at - j - np.uint64(1)]
    window[new] = value


@kernel("f8[:]", "i8", "f8", "f8[:]", "f8[:]")
def _percentile(x: FloatColumn, length: int, share: float, window: FloatColumn, out: FloatColumn) -> int:
    place = share * (length - 1)
    low = min(int(place), length - 1)
    rest = place - low
    filled = 0
    for i in range(len(x)):
        out[i] = np.nan
        if x[i] != x[i]:
            filled = 0
            continue
        new = _below(window, filled, x[i])
        old = _below(window, filled, x[i - length]) if filled == length else filled
        filled = min(filled + 1, length)
        _exchange(window, old, new, x[i])
        if filled == length:
            out[i] = window[low] if rest == 0.0 else window[low] + rest * (window[low + 1] - window[low])
    return 0
