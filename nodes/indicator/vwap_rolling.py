"""Rolling volume-weighted average price."""

from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import typical_price
from nodes.kernels.windows import weighted_average


class VwapRolling(Node, tag="indicator.vwap_rolling", frozen=True):
    """Volume-weighted average price of the last `length` bars, from the typical price (high + low + close) / 3.

    In: candles.
    Out: quote currency; NaN until `length` bars are there, while one of them is NaN, and if none was traded.
    Source: sum of typical price x volume / sum of volume over a moving window.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, candles: Candles) -> Number:
        return weighted_average(typical_price(candles), candles.volume, self.length)
