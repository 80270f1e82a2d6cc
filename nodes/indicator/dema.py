"""Double exponential moving average."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.smoothing import cascade, ema_alpha, settled


class Dema(Node, tag="indicator.dema", frozen=True):
    """Double exponential moving average: 2 EMA - EMA(EMA), which lags less than an EMA.

    In: source, any unit.
    Out: same unit; NaN for the first 2 (length - 1) values, each average being seeded by a mean of its own.  A NaN row
    gives NaN and starts everything anew after it, seeds included.
    Source: Patrick Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities 1994; equals TA-Lib DEMA
    after warm-up.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        # the 2 seeds, and so many bars that less than 1e-10 of their weight is left
        return 2 * self.length + settled(ema_alpha(self.length), stages=2)

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        cascade(solid(source), self.length, 2, 2.0, -1.0, 0.0, out)
        return out
