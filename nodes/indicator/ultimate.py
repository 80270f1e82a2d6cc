"""Ultimate oscillator."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.windows import moving_ratio


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]")
def pressures(high: FloatColumn, low: FloatColumn, close: FloatColumn, pressure: FloatColumn, span: FloatColumn) -> int:
    """Close above the true low, and the true range."""
    for i in range(min(1, len(high))):
        pressure[i] = span[i] = np.nan
    for i in range(1, len(high)):
        before = close[i - 1]
        top = before if before > high[i] else high[i]  # a comparison with NaN is false: NaN stays
        bottom = before if before < low[i] else low[i]
        pressure[i] = close[i] - bottom + 0.0 * (before + top)
        span[i] = top - bottom + 0.0 * (before + close[i])
    return 0


class Ultimate(Node, tag="indicator.ultimate", frozen=True):
    """Ultimate oscillator: buying pressure as a share of the true range over three lengths, weighted 4, 2 and 1.

    In: candles.
    Out: 0 to 100; NaN for as many bars as the longest length, while one of them is NaN, and if a window has no range.
    Source: Larry Williams, Stocks & Commodities 1985; equals TA-Lib ULTOSC.
    """

    short: Annotated[int, Meta(ge=1, le=5000, title="Short length", description="bars")] = 7
    medium: Annotated[int, Meta(ge=1, le=5000, title="Medium length", description="bars")] = 14
    long: Annotated[int, Meta(ge=1, le=5000, title="Long length", description="bars")] = 28

    def check(self) -> str | None:
        rising = self.short < self.medium < self.long
        return None if rising else "The lengths must rise from short to long."

    def lookback(self) -> int:
        return max(self.short, self.medium, self.long) + 1

    def compute(self, candles: Candles) -> Number:
        pressure, span = np.empty(len(candles)), np.empty(len(candles))
        pressures(candles.high, candles.low, candles.close, pressure, span)
        out = moving_ratio(pressure, span, self.short, 400.0 / 7.0)
        out += moving_ratio(pressure, span, self.medium, 200.0 / 7.0)
        out += moving_ratio(pressure, span, self.long, 100.0 / 7.0)
        return out
