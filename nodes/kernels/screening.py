"""Statistics of all pairs of a watchlist at chosen bars, straight from the prices of a window before each."""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import ByteColumn
from nodes.kernels.pairs import ROUNDING, half_life_of, lagged_statistic
from nodes.kernels.prices import FloatGrid

# Columns of the table: correlation, then for y on x and for x on y the statistic, half-life and variances by lag.
CORRELATION, STATISTIC, HALF_LIFE, VARIANCES = 0, 1, 2, 3
PER_SIDE = 7
WIDTH = 1 + 2 * PER_SIDE


@kernel("f8[:,:]", "i8[:]", "i1[:,:]", "i8", "f8", "f8", "f8[:]", "f8[:,:]")
def screen_pairs(
    close: FloatGrid, bars: NDArray[np.int64], eligible: ByteColumn, window: int, least: float, most: float,
    rest: FloatColumn, out: FloatGrid,
) -> int:  # fmt: skip
    """A row of `out` for every bar and every pair of symbols (the first before the second, in order).

    NaN where a symbol is not eligible or lacks a price; all but the correlation NaN where that is not in range.
    `rest` is scratch of `window`.
    """
    row = 0
    for s in range(len(bars)):
        start = bars[s] - window + 1
        for i in range(close.shape[0]):
            for j in range(i + 1, close.shape[0]):
                for k in range(out.shape[1]):
                    out[row, k] = np.nan
                if start >= 0 and eligible[i, s] == 1 and eligible[j, s] == 1:
                    found = correlation(close, i, j, start, window)
                    out[row, 0] = found
                    if least <= found <= most:
                        one_side(close, i, j, start, rest, out, row, 1)
                        one_side(close, j, i, start, rest, out, row, 1 + PER_SIDE)
                row += 1
    return 0


@part
def correlation(close: FloatGrid, i: int, j: int, start: int, window: int) -> float:
    """Of the returns of two symbols over the window."""
    a = b = aa = ab = bb = 0.0
    for t in range(start + 1, start + window):
        x, y = close[i, t] / close[i, t - 1] - 1.0, close[j, t] / close[j, t - 1] - 1.0
        a += x
        b += y
        aa += x * x
        ab += x * y
        bb += y * y
    count = window - 1
    return (ab - a * b / count) / np.sqrt((aa - a * a / count) * (bb - b * b / count))


@part
def one_side(
    close: FloatGrid, x: int, y: int, start: int, rest: FloatColumn, out: FloatGrid, row: int, at: int
) -> None:
    """Statistic, half-life and variances of lagged differences of what is left of y when its line on x is taken off."""
    window = len(rest)
    whole = residuals(close, x, y, start, window, rest)
    level = before = drags = pulls = echoes = now = squares = 0.0
    first = pairs = means = changes = 0.0
    for t in range(window):
        squares += rest[t] * rest[t]
        if t >= 1:
            d = rest[t] - rest[t - 1]
            first += rest[t - 1] * rest[t - 1]
            pairs += rest[t - 1] * d
            means += rest[t - 1]
            changes += d
        if t >= 2:
            d, old = rest[t] - rest[t - 1], rest[t - 1] - rest[t - 2]
            level += rest[t - 1] * rest[t - 1]
            before += old * old
            drags += rest[t - 1] * old
            pulls += rest[t - 1] * d
            echoes += d * old
            now += d * d
    if not squares > ROUNDING * whole:
        return
    count = window - 1
    out[row, at] = lagged_statistic(level, before, drags, pulls, echoes, now, window - 2)
    out[row, at + 1] = half_life_of(-(pairs - means * changes / count) / (first - means * means / count))
    lag = 2
    for k in range(5):
        total = square = 0.0
        for t in range(lag, window):
            d = rest[t] - rest[t - lag]
            total += d
            square += d * d
        size = window - lag
        out[row, at + 2 + k] = (square - total * total / size) / size
        lag *= 2


@part
def residuals(close: FloatGrid, x: int, y: int, start: int, window: int, rest: FloatColumn) -> float:
    """Writes the residuals of y on x with an intercept; returns the sum of squares of y around its mean."""
    x0, y0 = close[x, start], close[y, start]
    a = b = aa = ab = bb = 0.0
    for t in range(start, start + window):
        u, v = close[x, t] - x0, close[y, t] - y0
        a += u
        b += v
        aa += u * u
        ab += u * v
        bb += v * v
    beta = (ab - a * b / window) / (aa - a * a / window)
    alpha = (b - beta * a) / window
    for t in range(window):
        rest[t] = (close[y, start + t] - y0) - alpha - beta * (close[x, start + t] - x0)
    return bb - b * b / window
