"""Money flow index."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import typical_price
from nodes.kernels.windows import moving_ratio


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]")
def flows(typical: FloatColumn, volume: FloatColumn, rising: FloatColumn, moving: FloatColumn) -> int:
    """Price x volume of bars that rose, and of bars that rose or fell."""
    before = np.nan
    for i in range(len(typical)):
        move = typical[i] - before
        flow = typical[i] * volume[i] + 0.0 * move  # NaN without a bar before
        rising[i] = 0.0 * flow if move <= 0.0 else flow
        moving[i] = 0.0 * flow if move == 0.0 else flow
        before = typical[i]
    return 0


class Mfi(Node, tag="indicator.mfi", frozen=True):
    """Money flow index: the share of rising bars in the traded value, by the typical price (high + low + close) / 3.

    In: candles.
    Out: 0 to 100; NaN for the first `length` bars, while one of the last length + 1 is NaN, and if nothing was traded
    at a moved price.
    Source: Gene Quong and Avrum Soudack, Stocks & Commodities 1989; equals TA-Lib MFI.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        return self.length + 1

    def compute(self, candles: Candles) -> Number:
        rising, moving = np.empty(len(candles)), np.empty(len(candles))
        flows(typical_price(candles), candles.volume, rising, moving)
        return moving_ratio(rising, moving, self.length, 100.0)
