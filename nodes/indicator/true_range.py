"""True range."""

import numpy as np

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.smoothing import average_range


class TrueRange(Node, tag="indicator.true_range", frozen=True):
    """True range: from the lowest to the highest of a bar and the close before it.

    In: candles.
    Out: quote currency; NaN on the first bar, which has no close before it, on a NaN bar and the one after it.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib TRANGE.
    """

    def lookback(self) -> int:
        return 2

    def compute(self, candles: Candles) -> Number:
        out = np.empty(len(candles))
        average_range(candles.high, candles.low, candles.close, 1, 0, out)
        return out
