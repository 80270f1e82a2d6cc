"""Linearly weighted moving average."""

from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.windows import linear_average


class Wma(Node, tag="indicator.wma", frozen=True):
    """Linearly weighted moving average: weights 1 for the oldest to `length` for the newest value.

    In: source, any unit.
    Out: same unit; NaN until `length` values are there, and while one of them is NaN.
    Source: textbook definition; equals TA-Lib WMA.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, source: Number) -> Number:
        return linear_average(solid(source), self.length)
