from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number
from nodes.kernels.pairs import half_lives, lagged_moments, window_moments
from nodes.kernels.prices import solid


class HalfLife(Node, frozen=True, tag="spread.half_life"):
    """How many bars the spread of a pair takes to lose half of a deviation from its mean.

    In: x, price of the main market; y, price of the pair market; beta, the hedge ratio.
    Out: bars; infinite where the spread does not come back or takes more than a million bars; unknown until the window
    is full, while it lacks a price and where the spread does not move.
    Source: the changes of the spread are regressed on the spread before them, with an intercept, over the window and
    with the beta of the current bar; half-life = ln 2 / -slope (E. P. Chan, Algorithmic Trading, 2013, chapter 2).
    """

    synonyms = ("mean reversion", "ornstein uhlenbeck", "speed of reversion")

    window: Annotated[int, msgspec.Meta(ge=20, le=10_000, title="Window", description="bars")] = 120

    def compute(self, x: Number, y: Number, beta: Number) -> Number:
        x, y, out = solid(x), solid(y), np.empty(len(x))
        levels, changes = window_moments(x, y, self.window), lagged_moments(x, y, 1, self.window)
        half_lives(x, y, solid(beta), levels, changes, self.window, out)
        return out

    def lookback(self) -> int:
        return self.window
