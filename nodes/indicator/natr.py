"""Normalised average true range."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.smoothing import average_range, settled


class Natr(Node, tag="indicator.natr", frozen=True):
    """Normalised average true range: Wilder's average true range in percent of the close.

    In: candles.
    Out: percent of the close; NaN for the first `length` bars (the mean of so many true ranges is the seed).
    A NaN bar gives NaN and starts the average anew after it, seed included.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib NATR.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        # one close for the first true range, the seed, and so many bars that less than 1e-10 of its weight is left
        return 1 + self.length + settled(1 / self.length)

    def compute(self, candles: Candles) -> Number:
        out = np.empty(len(candles))
        average_range(candles.high, candles.low, candles.close, self.length, 1, out)
        return out
