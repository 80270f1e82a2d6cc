"""Stochastic oscillator."""

from typing import Annotated, NamedTuple

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.extremes import place_in_range
from nodes.kernels.windows import moving_average


class StochasticLines(NamedTuple):
    """The oscillator and its signal line."""

    k: Number
    d: Number


class Stochastic(Node, tag="indicator.stochastic", frozen=True):
    """Stochastic oscillator: where the close lies in the range of the last bars, smoothed, and the average of that.

    In: candles.
    Out: k and d, 0 (lowest low) to 100 (highest high); NaN until length + smooth - 1 bars (d: and signal - 1 more) are
    there, and while a bar among them is NaN or had no range to lie in.
    Source: George Lane, about 1957; equals TA-Lib STOCH with simple averages.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14
    smooth: Annotated[int, Meta(ge=1, le=500, title="Smoothing of k", description="bars")] = 3
    signal: Annotated[int, Meta(ge=1, le=500, title="Smoothing of d", description="bars")] = 3

    def lookback(self) -> int:
        return self.length + self.smooth + self.signal - 2

    def compute(self, candles: Candles) -> StochasticLines:
        fast = place_in_range(candles.high, candles.low, candles.close, self.length, 0.0)
        k = moving_average(fast, self.smooth)
        return StochasticLines(k, moving_average(k, self.signal))
