"""Exponential moving average."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.smoothing import ema_alpha, settled, smooth


class Ema(Node, tag="indicator.ema", frozen=True):
    """Exponential moving average: each bar moves it by 2 / (length + 1) of the distance to the value.

    In: source, any unit.
    Out: same unit; NaN until `length` values are there, the mean of which is the seed.  A NaN row gives NaN and starts
    the average anew after it, seed included.
    Source: textbook definition, SMA-seeded; equals TA-Lib EMA.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        # the seed, and so many bars that less than 1e-10 of its weight is left
        return self.length + settled(ema_alpha(self.length))

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        smooth(solid(source), self.length, ema_alpha(self.length), out)
        return out
