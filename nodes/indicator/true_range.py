"""True range."""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Candles, Number


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]")
def gaps(high: FloatColumn, low: FloatColumn, close: FloatColumn, out: FloatColumn) -> int:
    """True range of every bar; a comparison with NaN is false, so the choices are made such that NaN stays."""
    for i in range(min(1, len(out))):
        out[i] = np.nan
    for i in range(1, len(out)):
        before = close[i - 1]
        top = before if before > high[i] else high[i]
        bottom = before if before < low[i] else low[i]
        out[i] = top - bottom + 0.0 * before
    return 0


class TrueRange(Node, tag="indicator.true_range", frozen=True):
    """True range: from the lowest to the highest of a bar and the close before it.

    In: candles.
    Out: quote currency; NaN on the first bar, which has no close before it, and where one of its three prices is.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib TRANGE.
    """

    def lookback(self) -> int:
        return 2

    def compute(self, candles: Candles) -> Number:
        out = np.empty(len(candles))
        gaps(candles.high, candles.low, candles.close, out)
        return out
