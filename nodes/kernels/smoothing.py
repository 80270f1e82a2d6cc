"""Recursive smoothers: the new value is the old one plus a share of its distance to the input.

The mean of the first `length` values is the seed.  An unknown row is unknown in the output too and starts everything
anew, seed included, so no value ever rests on a hole.
"""

import math

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from nodes.kernels.prices import known

REST = 1e-10  # what may remain of the weight of all bars before the look-back
FINE_REST = 1e-16  # the same for differences of smoothers, which are small against the prices they are made of


def settled(alpha: float, stages: int = 1, rest: float = REST) -> int:
    """Bars after which `stages` smoothers in a row have forgotten their seeds but for the share `rest`.

    One smoother: (1 - alpha)^k = rest.  In a row: (1 - alpha)^k (alpha k)^(stages - 1) / (stages - 1)! = rest, which
    is solved by iteration.
    """
    if alpha >= 1.0:
        return 0
    bars = math.log(rest) / math.log1p(-alpha)
    for _ in range(8 if stages > 1 else 0):
        poles = (stages - 1) * math.log(max(1.0, alpha * bars)) - math.lgamma(stages)
        bars = (math.log(rest) - poles) / math.log1p(-alpha)
    return math.ceil(bars)


def ema_alpha(length: int) -> float:
    """Share of the newest value in an exponential moving average."""
    return 2.0 / (length + 1.0)


@part
def advance(mean: float, x: float, k: int, length: int, alpha: float) -> float:
    """A smoother after its k-th input: the plain mean until `length` inputs were seen, recursive from then on."""
    if k > length:
        return mean + alpha * (x - mean)
    if k > 1:
        return mean + (x - mean) / k
    return x


@part
def wilder(mean: float, x: float, k: int, length: int, alpha: float) -> float:
    """The same in the form that is fastest; a constant input is met to rounding only."""
    if k > length:
        return (1.0 - alpha) * mean + alpha * x
    if k > 1:
        return mean + (x - mean) / k
    return x


@kernel("f8[:]", "i8", "f8", "f8[:]")
def smooth(source: FloatColumn, length: int, alpha: float, out: FloatColumn) -> int:
    """One smoother."""
    k = 0
    y = 0.0
    for i in range(len(source)):
        x = source[i]
        if not known(x):
            k = 0
            out[i] = np.nan
            continue
        k += 1
        y = advance(y, x, k, length, alpha)
        out[i] = y if k >= length else np.nan
    return 0


@kernel("f8[:]", "i8", "i8", "f8", "f8", "f8", "f8[:]")
def cascade(source: FloatColumn, length: int, stages: int, w1: float, w2: float, w3: float, out: FloatColumn) -> int:
    """Sum of w1 ema, w2 ema(ema) and w3 ema(ema(ema)), known from the seed of the last of `stages` on."""
    alpha = 2.0 / (length + 1.0)
    warm = stages * (length - 1) + 1
    k = 0
    y1 = y2 = y3 = 0.0
    for i in range(len(source)):
        x = source[i]
        if not known(x):
            k = 0
            out[i] = np.nan
            continue
        k += 1
        y1 = advance(y1, x, k, length, alpha)
        y2 = advance(y2, y1, k - (length - 1), length, alpha)
        y3 = advance(y3, y2, k - 2 * (length - 1), length, alpha)
        out[i] = w1 * y1 + w2 * y2 + w3 * y3 if k >= warm else np.nan
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "i8", "i8", "f8[:]")
def average_range(
    high: FloatColumn, low: FloatColumn, close: FloatColumn, length: int, percent: int, out: FloatColumn
) -> int:
    """Wilder's average true range, in percent of the close if `percent` is not 0."""
    alpha = 1.0 / length
    k = -1  # -1: no close before this bar
    y = 0.0
    before = 0.0
    for i in range(len(out)):
        out[i] = np.nan
        if not (known(high[i]) and known(low[i]) and known(close[i])):
            k = -1
            continue
        k += 1
        if k > 0:
            top = high[i] if high[i] > before else before
            bottom = low[i] if low[i] < before else before
            y = wilder(y, top - bottom, k, length, alpha)
            if k >= length:
                out[i] = 100.0 * y / close[i] if percent else y
        before = close[i]
    return 0
