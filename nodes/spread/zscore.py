from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number
from nodes.kernels.pairs import score, window_moments
from nodes.kernels.prices import solid

SMALLEST = 1e-8  # a standard deviation below is none


class ScorePorts(NamedTuple):
    """The spread and where it stands."""

    spread: Number
    mean: Number
    sigma: Number
    z: Number


class Zscore(Node, frozen=True, tag="spread.zscore"):
    """How many standard deviations the spread of a pair lies from its mean.

    In: x, price of the main market; y, price of the pair market; beta, the hedge ratio.
    Out: spread, y - beta * x; mean and sigma, its mean and population standard deviation over the last `window`
    bars, all of them with the beta of the current bar (quote currency); z, (spread - mean) / sigma; unknown until
    the window is full and while it lacks a price; sigma and z also where sigma is below 1e-8 or nothing but
    rounding.
    """

    synonyms = ("z score", "standard score", "mean reversion", "pairs trading")

    window: Annotated[int, msgspec.Meta(ge=3, le=10_000, title="Window", description="bars")] = 120

    def compute(self, x: Number, y: Number, beta: Number) -> ScorePorts:
        out = np.empty((4, len(x)))
        score(solid(x), solid(y), solid(beta), window_moments(x, y, self.window), self.window, SMALLEST, out)
        return ScorePorts(*out)

    def lookback(self) -> int:
        return self.window
