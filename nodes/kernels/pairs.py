"""Statistics of a pair of markets over a sliding window: moments, residuals, half-life, Hurst and Engle-Granger.

All of them are made of means and products of deviations over a window, so none costs more for a longer window.  The
sums are those of `windows`: blocks of `length` rows, the first value of a block taken off, nothing subtracted again.
The spread of a window is y - beta * x with the one beta given for its last row.

Tests hold every figure against statsmodels, which takes a millisecond for one bar and two seconds to import.
"""

from math import sqrt

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import FloatGrid, solid

ONE = np.uint64(1)
# A rest of less than this share of what it was left from is rounding, no spread.
ROUNDING = 1e-11
LN2 = 0.6931471805599453
MOST_BARS = 1e6  # a half-life beyond is infinite
LAGS = (2, 4, 8, 16, 32)  # of the Hurst exponent

MEAN_X, MEAN_Y, XX, XY, YY = range(5)  # rows of a moments table


def window_moments(x: FloatColumn, y: FloatColumn, length: int) -> FloatGrid:
    """Mean of x, mean of y, and the sums of dx*dx, dx*dy, dy*dy of the deviations from them, over `length` rows.

    NaN in the first rows and while the window holds a row in which one of the two is NaN.
    """
    return lagged_moments(x, y, 0, length)


def lagged_moments(x: FloatColumn, y: FloatColumn, lag: int, length: int, out: FloatGrid | None = None) -> FloatGrid:
    """Moments of the differences to the row `lag` rows before, of all pairs inside a window of `length` rows."""
    out = np.empty((5, len(x))) if out is None else out
    size = length - lag
    _moments(solid(x), solid(y), lag, size, np.empty((5, size + 1)), out)
    return out


@part
def _value(column: FloatColumn, row: np.uint64, lag: np.uint64) -> float:
    """A value, or its difference to the one `lag` rows before; unknown where there is none."""
    if lag == 0:
        return column[row]
    return column[row] - column[row - lag] if row >= lag else np.nan


@kernel("f8[:]", "f8[:]", "i8", "i8", "f8[:,:]", "f8[:,:]")
def _moments(x: FloatColumn, y: FloatColumn, lag: int, length: int, tail: FloatGrid, out: FloatGrid) -> int:
    rows, size, back, start = np.uint64(len(x)), np.uint64(length), np.uint64(lag), np.uint64(0)
    for k in range(5):
        for j in range(length):
            tail[k, j] = np.nan
        tail[k, length] = 0.0
    while start < rows:
        x0, y0 = _value(x, start, back), _value(y, start, back)
        _tails(x, y, start, size, back, x0, y0, tail)
        sx = sy = sxx = sxy = syy = 0.0
        for j in range(min(size, rows - start)):
            a, b = _value(x, start + j, back) - x0, _value(y, start + j, back) - y0
            sx += a
            sy += b
            sxx += a * a
            sxy += a * b
            syy += b * b
            k = j + ONE
            all_x, all_y = tail[0, k] + sx, tail[1, k] + sy
            mean_x, mean_y = all_x / length, all_y / length
            out[0, start + j] = x0 + mean_x
            out[1, start + j] = y0 + mean_y
            out[2, start + j] = tail[2, k] + sxx - all_x * mean_x
            out[3, start + j] = tail[3, k] + sxy - all_x * mean_y
            out[4, start + j] = tail[4, k] + syy - all_y * mean_y
        start = start + size
    return 0


@part
def _tails(
    x: FloatColumn, y: FloatColumn, start: np.uint64, size: np.uint64, back: np.uint64, x0: float, y0: float,
    tail: FloatGrid,
) -> None:  # fmt: skip
    """Sums of the tails of the block before `start`."""
    sx = sy = sxx = sxy = syy = 0.0
    j = size
    while j > ONE and start > 0:
        j -= ONE
        a, b = _value(x, start + j - size, back) - x0, _value(y, start + j - size, back) - y0
        sx += a
        sy += b
        sxx += a * a
        sxy += a * b
        syy += b * b
        tail[0, j] = sx
        tail[1, j] = sy
        tail[2, j] = sxx
        tail[3, j] = sxy
        tail[4, j] = syy


@kernel("f8[:,:]", "f8[:]", "f8[:]")
def fit_line(m: FloatGrid, alpha: FloatColumn, beta: FloatColumn) -> int:
    """Ordinary least squares of y on x with an intercept; NaN where x does not move."""
    for i in range(len(beta)):
        slope = m[3, i] / m[2, i] if m[2, i] > 0.0 else np.nan
        beta[i] = slope
        alpha[i] = m[1, i] - slope * m[0, i]
    return 0


@part
def rest_of(m: FloatGrid, i: int, beta: float) -> float:
    """Sum of squares of the deviations of y - beta * x from their mean; NaN where only rounding is left."""
    whole = m[4, i] + beta * beta * m[2, i]
    rest = m[4, i] - 2.0 * beta * m[3, i] + beta * beta * m[2, i]
    return rest if rest > ROUNDING * whole else np.nan


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:,:]", "i8", "f8", "f8[:,:]")
def score(
    x: FloatColumn, y: FloatColumn, beta: FloatColumn, m: FloatGrid, length: int, least: float, out: FloatGrid
) -> int:
    """Rows of `out`: spread, its mean, its population standard deviation, z; the last two NaN below `least`."""
    for i in range(len(x)):
        b = beta[i]
        sigma = sqrt(rest_of(m, i, b) / length)
        if not sigma >= least:
            sigma = np.nan
        spread, mean = y[i] - b * x[i], m[1, i] - b * m[0, i]
        out[0, i] = spread
        out[1, i] = mean
        out[2, i] = sigma
        out[3, i] = (spread - mean) / sigma
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:,:]", "f8[:,:]", "i8", "f8[:]")
def half_lives(
    x: FloatColumn, y: FloatColumn, beta: FloatColumn, m: FloatGrid, d: FloatGrid, length: int, out: FloatColumn
) -> int:
    """Half-life in bars from the slope of dS on S before it, with an intercept; `d` are the moments of differences.

    All sums follow from the spread at both ends of the window: S dS = (S'^2 - S^2 - dS^2) / 2 telescopes.
    """
    pairs, rows, before = length - 1, np.uint64(len(x)), np.uint64(length - 1)
    for i in range(min(before, rows)):
        out[i] = np.nan
    for i in range(before, rows):
        first, b = i - before, beta[i]
        rest = rest_of(m, i, b)
        last_e = (y[i] - m[1, i]) - b * (x[i] - m[0, i])
        first_e = (y[first] - m[1, i]) - b * (x[first] - m[0, i])
        change = last_e - first_e
        squares = d[4, i] - 2.0 * b * d[3, i] + b * b * d[2, i] + change * change / pairs
        both = (last_e * last_e - first_e * first_e - squares) / 2.0 + last_e * change / pairs
        level = rest - last_e * last_e - last_e * last_e / pairs
        out[i] = half_life_of(-both / level) if level > ROUNDING * rest else np.nan
    return 0


@part
def half_life_of(speed: float) -> float:
    """Bars until half a deviation is gone, for the share that goes per bar; infinite if none does."""
    if speed != speed:
        return np.nan
    return LN2 / speed if speed * MOST_BARS > LN2 else np.inf


def hurst(x: FloatColumn, y: FloatColumn, beta: FloatColumn, length: int) -> FloatColumn:
    """Slope of log(standard deviation of lagged differences of the spread) over log(lag), lags `LAGS`."""
    out, variance, table = np.zeros(len(x)), np.empty(len(x)), np.empty((5, len(x)))
    for lag, weight in zip(LAGS, hurst_weights(), strict=True):
        _variances(lagged_moments(x, y, lag, length, table), solid(beta), length - lag, variance)
        out += (weight / 2) * np.log(variance)
    return out


def hurst_weights() -> list[float]:
    """What log(standard deviation) at each lag counts in the slope over log(lag)."""
    logs = np.log(LAGS) - np.log(LAGS).mean()
    return (logs / (logs**2).sum()).tolist()


@kernel("f8[:,:]", "f8[:]", "i8", "f8[:]")
def _variances(d: FloatGrid, beta: FloatColumn, count: int, out: FloatColumn) -> int:
    for i in range(len(out)):
        out[i] = rest_of(d, i, beta[i]) / count
    return 0


@kernel("f8[:]", "f8[:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "i8", "f8[:]")
def engle_granger(
    x: FloatColumn, y: FloatColumn, m: FloatGrid, d: FloatGrid, d2: FloatGrid, length: int, statistic: FloatColumn
) -> int:
    """Statistic of the Engle-Granger test of y on x, constant, one lag; `d`, `d2`: moments of differences of lag 1, 2.

    dE is regressed on E before and dE before, without a constant, E the residuals of the window.  As in `half_lives`
    the sums telescope; products of neighbouring differences follow from (dE + dE')^2, the differences of lag 2.
    """
    count, rows, back = length - 2, np.uint64(len(x)), np.uint64(length - 1)
    for i in range(min(back, rows)):
        statistic[i] = np.nan
    for i in range(back, rows):
        first = i - back
        b = m[3, i] / m[2, i] if m[2, i] > 0.0 else np.nan
        rest = rest_of(m, i, b)
        e0 = (y[first] - m[1, i]) - b * (x[first] - m[0, i])
        e1 = (y[first + ONE] - m[1, i]) - b * (x[first + ONE] - m[0, i])
        e8 = (y[i - ONE] - m[1, i]) - b * (x[i - ONE] - m[0, i])
        e9 = (y[i] - m[1, i]) - b * (x[i] - m[0, i])
        squares = d[4, i] - 2.0 * b * d[3, i] + b * b * d[2, i] + (e9 - e0) * (e9 - e0) / (length - 1)
        now = squares - (e1 - e0) * (e1 - e0)
        before = squares - (e9 - e8) * (e9 - e8)
        wide = e9 + e8 - e1 - e0
        over_two = d2[4, i] - 2.0 * b * d2[3, i] + b * b * d2[2, i] + wide * wide / count
        level = rest - e0 * e0 - e9 * e9
        pulls = (e9 * e9 - e1 * e1 - now) / 2.0
        drags = (e8 * e8 - e0 * e0 + before) / 2.0
        echoes = (over_two - now - before) / 2.0
        statistic[i] = lagged_statistic(level, before, drags, pulls, echoes, now, count)
    return 0


@part
def lagged_statistic(
    level: float, before: float, drags: float, pulls: float, echoes: float, now: float, count: int
) -> float:
    """The t value of the first coefficient of dE on (E before, dE before), no constant, from its sums of products.

    level E'E', before dE'dE', drags E'dE', pulls E'dE, echoes dE'dE, now dE dE; `count` rows.
    """
    area = level * before - drags * drags
    if not area > ROUNDING * level * before:
        return np.nan
    phi = (pulls * before - drags * echoes) / area
    gamma = (level * echoes - drags * pulls) / area
    rest = now - phi * pulls - gamma * echoes
    return phi / sqrt(rest / (count - 2) * before / area)


def mackinnon(statistic: FloatColumn) -> FloatColumn:
    """Approximate p values of Engle-Granger statistics of two series, regression with a constant.

    Source: J. G. MacKinnon, "Approximate Asymptotic Distribution Functions for Unit-Root and Cointegration Tests",
    Journal of Business & Economic Statistics 12.2 (1994), tables 3 and 4; the same as `statsmodels.tsa.adfvalues`.
    """
    statistic, normal, p = solid(statistic), np.empty(len(statistic)), np.empty(len(statistic))
    _mackinnon_normal(statistic, normal)
    _tail(statistic, normal, np.exp(-(normal**2)), p)
    return p


@kernel("f8[:]", "f8[:]")
def _mackinnon_normal(statistic: FloatColumn, out: FloatColumn) -> int:
    """The normal deviate of each statistic, over -sqrt(2)."""
    for i in range(len(out)):
        tau = min(statistic[i], 0.92)
        if tau <= -2.62:
            normal = 2.92 + tau * (1.5012 + tau * 0.039796)
        else:
            normal = 2.1945 + tau * (0.64695 + tau * (-0.29198 + tau * -0.042377))
        out[i] = normal * -0.7071067811865476
    return 0


# Coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969).
_A = (3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3, 1.85777706184603153e-1)
_B = (2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_C = (
    5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
    1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3, 2.15311535474403846e-8,
)  # fmt: skip
_D = (
    1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3, 3.29079923573345963e3,
    4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
_P = (
    3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1, 1.60837851487422766e-2,
    6.58749161529837803e-4, 1.63153871373020978e-2,
)  # fmt: skip
_Q = (
    2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2, 2.33520497626869185e-3
)  # fmt: skip
_OVER_ROOT_PI = 5.6418958354775628695e-1


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]")
def _tail(statistic: FloatColumn, x: FloatColumn, gauss: FloatColumn, out: FloatColumn) -> int:
    """Half the complementary error function of x, `gauss` = exp(-x^2); 1 and 0 outside the range of the statistic.

    The C library has the function, but machine code loaded without numba cannot be sure to find it.
    """
    for i in range(len(out)):
        far = abs(x[i])
        if far <= 0.46875:
            upper = 1.0 - x[i] * _near(far * far)
        else:
            upper = gauss[i] * (_middle(far) if far <= 4.0 else _outer(far))
            upper = 2.0 - upper if x[i] < 0.0 else upper
        out[i] = 0.5 * upper
        if statistic[i] > 0.92:
            out[i] = 1.0
        elif statistic[i] < -18.86:
            out[i] = 0.0
    return 0


@part
def _near(square: float) -> float:
    above, below = _A[4] * square, square
    for k in range(3):
        above = (above + _A[k]) * square
        below = (below + _B[k]) * square
    return (above + _A[3]) / (below + _B[3])


@part
def _middle(far: float) -> float:
    above, below = _C[8] * far, far
    for k in range(7):
        above = (above + _C[k]) * far
        below = (below + _D[k]) * far
    return (above + _C[7]) / (below + _D[7])


@part
def _outer(far: float) -> float:
    square = 1.0 / (far * far)
    above, below = _P[5] * square, square
    for k in range(4):
        above = (above + _P[k]) * square
        below = (below + _Q[k]) * square
    return (_OVER_ROOT_PI - square * (above + _P[4]) / (below + _Q[4])) / far
