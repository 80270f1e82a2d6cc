"""Hull moving average."""

from math import isqrt
from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.windows import linear_average


class Hma(Node, tag="indicator.hma", frozen=True):
    """Hull moving average: WMA over sqrt(length) bars of 2 WMA(length / 2) - WMA(length), both lengths rounded down.

    In: source, any unit.
    Out: same unit; NaN until length + sqrt(length) - 1 values are there, and while one of them is NaN.
    Source: Alan Hull, 2005, alanhull.com/hull-moving-average.
    """

    length: Annotated[int, Meta(ge=2, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length + isqrt(self.length) - 1

    def compute(self, source: Number) -> Number:
        column = solid(source)
        lead = linear_average(column, self.length // 2)
        lead *= 2.0
        lead -= linear_average(column, self.length)
        return linear_average(lead, isqrt(self.length))
