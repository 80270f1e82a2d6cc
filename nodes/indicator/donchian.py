"""Donchian channels."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.extremes import channel


class DonchianChannels(NamedTuple):
    """The highest high, the lowest low and the middle between them."""

    upper: Number
    middle: Number
    lower: Number


class Donchian(Node, tag="indicator.donchian", frozen=True):
    """Donchian channels: highest high and lowest low of the last `length` bars, this one included.

    In: candles.
    Out: quote currency; NaN until `length` bars are there, and while one of them is NaN.  For a break-out compare the
    close with the channel of the bar before.
    Source: Richard Donchian, four-week rule, 1960; equals TA-Lib MAX and MIN.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, candles: Candles) -> DonchianChannels:
        out, tops, bottoms = np.empty((3, len(candles))), np.empty(self.length + 1), np.empty(self.length + 1)
        channel(candles.high, candles.low, self.length, tops, bottoms, out)
        return DonchianChannels(*out)
