from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number
from nodes.kernels.pairs import fit_line, window_moments


class HedgePorts(NamedTuple):
    """Intercept and slope of the line."""

    alpha: Number
    beta: Number


class Hedge(Node, frozen=True, tag="spread.hedge"):
    """The hedge ratio of a pair: the line that fits the pair's price y to the main market's price x best.

    In: x, price of the main market; y, price of the pair market at the same bars.
    Out: alpha, the intercept (quote currency); beta, units of x that stand against one unit of y; ordinary least
    squares over the last `window` bars, the current one included; unknown until they are full, while one of them lacks
    a price, and where x does not move.
    Source: beta = cov(x, y) / var(x), both with the same degrees of freedom.
    """

    synonyms = ("beta", "ols", "regression", "pairs trading", "cointegration", "hedge ratio")

    window: Annotated[int, msgspec.Meta(ge=3, le=10_000, title="Window", description="bars")] = 120

    def compute(self, x: Number, y: Number) -> HedgePorts:
        alpha, beta = np.empty(len(x)), np.empty(len(x))
        fit_line(window_moments(x, y, self.window), alpha, beta)
        return HedgePorts(alpha, beta)

    def lookback(self) -> int:
        return self.window
