"""Volume-weighted moving average."""

from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.windows import weighted_average


class Vwma(Node, tag="indicator.vwma", frozen=True):
    """Volume-weighted moving average: the mean of the last `length` values, each weighted with the volume of its bar.

    In: source, any unit; volume, base currency.
    Out: unit of source; NaN until `length` values are there, while one of them is NaN, and if none was traded.
    Source: textbook definition, sum of source x volume / sum of volume.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, source: Number, volume: Number) -> Number:
        return weighted_average(solid(source), solid(volume), self.length)
