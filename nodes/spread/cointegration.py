from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import to_flag
from nodes.kernels.pairs import engle_granger, lagged_moments, mackinnon, window_moments
from nodes.kernels.prices import solid


class CointegrationPorts(NamedTuple):
    """Whether the two markets move together, how likely that is chance, and the statistic behind it."""

    out: Flag
    p: Number
    statistic: Number


class Cointegration(Node, frozen=True, tag="spread.cointegration"):
    """Whether two markets are cointegrated, by the test of Engle and Granger.

    In: x, price of the main market; y, price of the pair market.
    Out: out, true where p is below `level`; p, the p value of no cointegration (0 to 1); statistic, the t value behind
    it; unknown until the window is full, while it lacks a price and where one market does not move or is the other.
    Source: y on x with a constant, then the changes of the residuals on the residual and the change before, as
    `statsmodels.tsa.stattools.coint(y, x, trend="c", maxlag=1, autolag=None)`; p after MacKinnon (1994), for estimated
    residuals, not that of a plain Dickey-Fuller test.
    """

    synonyms = ("engle granger", "adf", "augmented dickey fuller", "unit root", "stationary", "pairs trading")

    window: Annotated[int, msgspec.Meta(ge=20, le=10_000, title="Window", description="bars")] = 120
    level: Annotated[
        float, msgspec.Meta(gt=0, lt=1, title="Level", description="p value below which a pair counts as cointegrated")
    ] = 0.05

    def compute(self, x: Number, y: Number) -> CointegrationPorts:
        x, y, statistic = solid(x), solid(y), np.empty(len(x))
        tables = [window_moments(x, y, self.window), *(lagged_moments(x, y, lag, self.window) for lag in (1, 2))]
        engle_granger(x, y, *tables, self.window, statistic)
        p = mackinnon(statistic)
        return CointegrationPorts(to_flag(p < self.level, p), p, statistic)

    def lookback(self) -> int:
        return self.window
