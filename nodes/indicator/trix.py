"""TRIX."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.indicator.roc import rate_of_change
from nodes.kernels.prices import solid
from nodes.kernels.smoothing import FINE_REST, cascade, ema_alpha, settled


class Trix(Node, tag="indicator.trix", frozen=True):
    """TRIX: the one-bar rate of change of an EMA that was smoothed three times.

    In: source, any unit, not 0.
    Out: percent; NaN for the first 3 (length - 1) + 1 values.  A NaN row gives NaN and starts everything anew after it,
    seeds included.
    Source: Jack Hutson, Good Trix, Stocks & Commodities 1983; equals TA-Lib TRIX.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 15

    def lookback(self) -> int:
        # three seeds and the change; the change is small against the averages, so less than 1e-16 of the seeds' weight
        # may be left
        return 3 * self.length + 1 + settled(ema_alpha(self.length), stages=3, rest=FINE_REST)

    def compute(self, source: Number) -> Number:
        smoothed, out = np.empty(len(source)), np.empty(len(source))
        cascade(solid(source), self.length, 3, 0.0, 0.0, 1.0, smoothed)
        rate_of_change(smoothed, 1, out)
        return out
