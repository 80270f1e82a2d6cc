"""Chaikin money flow."""

from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import money_flow_volume
from nodes.kernels.windows import moving_ratio


class Cmf(Node, tag="indicator.cmf", frozen=True):
    """Chaikin money flow: the share of the volume of the last `length` bars that was bought, by where bars closed.

    In: candles.
    Out: -1 (all closed at the low) to 1 (all at the high), a bar without a range counts 0; NaN until `length` bars are
    there, while one of them is NaN, and if none was traded.
    Source: Marc Chaikin, about 1982.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, candles: Candles) -> Number:
        return moving_ratio(money_flow_volume(candles), candles.volume, self.length, 1.0)
