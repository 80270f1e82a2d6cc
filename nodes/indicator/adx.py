"""Average directional index."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import FloatGrid, known, range_with_gap
from nodes.kernels.smoothing import settled, wilder


@kernel("f8[:]", "f8[:]", "f8[:]", "i8", "f8[:,:]")
def direct(high: FloatColumn, low: FloatColumn, close: FloatColumn, length: int, out: FloatGrid) -> int:
    """Rows of `out`: average directional index, and the indicators of movement up and down."""
    alpha = 1.0 / length
    k = -1  # -1: no bar before this one
    span = plus = minus = y = 0.0
    for i in range(len(high)):
        out[0, i] = out[1, i] = out[2, i] = np.nan
        if not (known(high[i]) and known(low[i]) and known(close[i])):
            k = -1
            continue
        k += 1
        if k == 0:
            continue
        up, down = high[i] - high[i - 1], low[i - 1] - low[i]
        span = wilder(span, range_with_gap(high[i], low[i], close[i - 1]), k, length, alpha)
        plus = wilder(plus, up if up > down and up > 0.0 else 0.0, k, length, alpha)
        minus = wilder(minus, down if down > up and down > 0.0 else 0.0, k, length, alpha)
        if k >= length:
            share = 100.0 / span if span > 0.0 else 0.0
            out[1, i], out[2, i] = plus * share, minus * share
            moved = plus + minus
            strength = 100.0 * abs(plus - minus) / moved if moved > 0.0 else 0.0
            y = wilder(y, strength, k - (length - 1), length, alpha)
            if k >= 2 * length - 1:
                out[0, i] = y
    return 0


class AdxLines(NamedTuple):
    """Strength of the trend, and of the movement up and down."""

    adx: Number
    plus_di: Number
    minus_di: Number


class Adx(Node, tag="indicator.adx", frozen=True):
    """Average directional index: how strong the trend is, with the directional indicators it is made of.

    In: candles.
    Out: 0 to 100, a market without any range gives 0; plus_di and minus_di NaN for the first `length` bars, adx for the
    first 2 length - 1.  A NaN bar gives NaN and starts everything anew after it, seeds included.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib ADX, PLUS_DI and MINUS_DI
    after warm-up (it seeds them with one bar less).
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        # seeds of both averages, and so many bars that less than 1e-10 of their weight is left
        return 2 * self.length + settled(1 / self.length, stages=2)

    def compute(self, candles: Candles) -> AdxLines:
        out = np.empty((3, len(candles)))
        direct(candles.high, candles.low, candles.close, self.length, out)
        return AdxLines(*out)
