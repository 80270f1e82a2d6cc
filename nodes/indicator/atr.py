"""Average true range."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.smoothing import average_range, settled


class Atr(Node, tag="indicator.atr", frozen=True):
    """Average true range: the true range, smoothed by Wilder's average.

    In: candles.
    Out: quote currency; NaN for the first `length` bars (the mean of so many true ranges is the seed).
    A NaN bar gives NaN and starts the average anew after it, seed included.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib ATR.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        # one close for the first true range, the seed, and so many bars that less than 1e-10 of its weight is left
        return 1 + self.length + settled(1 / self.length)

    def compute(self, candles: Candles) -> Number:
        out = np.empty(len(candles))
        average_range(candles.high, candles.low, candles.close, self.length, 0, out)
        return out
