"""Keltner channels."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.smoothing import average_range, ema_alpha, settled, smooth


class KeltnerChannels(NamedTuple):
    """The average, and the channel lines around it."""

    upper: Number
    middle: Number
    lower: Number


class Keltner(Node, tag="indicator.keltner", frozen=True):
    """Keltner channels: an EMA of the close, and so many average true ranges above and below it.

    In: candles.
    Out: quote currency; middle NaN until `length` bars are there, upper and lower until atr_length + 1 are too.  A NaN
    bar gives NaN and starts both averages anew after it, seeds included.
    Source: Chester Keltner, 1960, in the form of Linda Bradford Raschke (EMA and Wilder's average true range).
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20
    atr_length: Annotated[int, Meta(ge=1, le=5000, title="ATR length", description="bars")] = 10
    multiple: Annotated[float, Meta(gt=0, le=100, title="Width", description="average true ranges")] = 2.0

    def lookback(self) -> int:
        # the seeds, and so many bars that less than 1e-10 of their weight is left
        middle = self.length + settled(ema_alpha(self.length))
        return max(middle, 1 + self.atr_length + settled(1 / self.atr_length))

    def compute(self, candles: Candles) -> KeltnerChannels:
        n = len(candles)
        middle, width = np.empty(n), np.empty(n)
        smooth(candles.close, self.length, ema_alpha(self.length), middle)
        average_range(candles.high, candles.low, candles.close, self.atr_length, 0, width)
        width *= self.multiple
        upper = middle + width
        return KeltnerChannels(upper, middle, np.subtract(middle, width, out=width))
