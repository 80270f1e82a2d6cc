from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number
from nodes.kernels.pairs import hurst


class Hurst(Node, frozen=True, tag="spread.hurst"):
    """The Hurst exponent of the spread of a pair: below 0.5 it comes back, at 0.5 it wanders, above it trends.

    In: x, price of the main market; y, price of the pair market; beta, the hedge ratio.
    Out: the slope of log(standard deviation of the changes over n bars) over log(n) for n = 2, 4, 8, 16, 32, inside
    the last `window` bars and with the beta of the current bar; unknown until the window is full, while it lacks a
    price and where the spread does not move.
    """

    synonyms = ("mean reversion", "trendiness", "fractal", "random walk")

    window: Annotated[int, msgspec.Meta(ge=50, le=10_000, title="Window", description="bars")] = 120

    def compute(self, x: Number, y: Number, beta: Number) -> Number:
        return hurst(x, y, beta, self.window)

    def lookback(self) -> int:
        return self.window
