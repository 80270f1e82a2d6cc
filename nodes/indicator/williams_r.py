"""Williams %R."""

from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.extremes import place_in_range


class WilliamsR(Node, tag="indicator.williams_r", frozen=True):
    """Williams %R: where the close lies in the range of the last `length` bars, counted from the top.

    In: candles.
    Out: -100 (lowest low) to 0 (highest high); NaN until `length` bars are there, while one of them is NaN, and if they
    have no range.
    Source: Larry Williams, How I Made One Million Dollars, 1973; equals TA-Lib WILLR.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        return self.length

    def compute(self, candles: Candles) -> Number:
        return place_in_range(candles.high, candles.low, candles.close, self.length, -100.0)
