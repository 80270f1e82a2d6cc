"""Bollinger bands."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.windows import bands


class BollingerBands(NamedTuple):
    """The average, and the bands around it."""

    upper: Number
    middle: Number
    lower: Number


class Bollinger(Node, tag="indicator.bollinger", frozen=True):
    """Bollinger bands: a simple moving average, and so many population standard deviations above and below it.

    In: source, any unit.
    Out: same unit; NaN until `length` values are there, and while one of them is NaN.
    Source: John Bollinger, Bollinger on Bollinger Bands, 2001; equals TA-Lib BBANDS.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20
    deviations: Annotated[float, Meta(gt=0, le=100, title="Width", description="standard deviations")] = 2.0

    def lookback(self) -> int:
        return self.length

    def compute(self, source: Number) -> BollingerBands:
        out, tail, squares = np.empty((3, len(source))), np.empty(self.length + 1), np.empty(self.length + 1)
        bands(solid(source), self.length, self.deviations, tail, squares, out)
        return BollingerBands(*out)
