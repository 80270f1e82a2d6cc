"""Chaikin money flow."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import flow_volume
from nodes.kernels.windows import moving_ratio


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]")
def flow(high: FloatColumn, low: FloatColumn, close: FloatColumn, volume: FloatColumn, out: FloatColumn) -> int:
    """Money flow volume of every bar."""
    for i in range(len(out)):
        out[i] = flow_volume(high[i], low[i], close[i], volume[i])
    return 0


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
        out = np.empty(len(candles))
        flow(candles.high, candles.low, candles.close, candles.volume, out)
        return moving_ratio(out, candles.volume, self.length, 1.0)
