"""Moving average convergence/divergence."""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import FloatGrid, known, solid
from nodes.kernels.smoothing import FINE_REST, advance, ema_alpha, settled


@kernel("f8[:]", "i8", "i8", "i8", "f8[:,:]")
def converge(source: FloatColumn, fast: int, slow: int, smoothing: int, out: FloatGrid) -> int:
    """Rows of `out`: difference of the averages, its own average, and the difference of these two."""
    alpha_fast, alpha_slow, alpha_signal = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), 2.0 / (smoothing + 1.0)
    k = 0
    y_fast = y_slow = y = 0.0
    for i in range(len(source)):
        x = source[i]
        k = k + 1 if known(x) else 0
        y_fast = advance(y_fast, x, k, fast, alpha_fast)
        y_slow = advance(y_slow, x, k, slow, alpha_slow)
        difference = y_fast - y_slow
        y = advance(y, difference, k - (slow - 1), smoothing, alpha_signal)
        full = k >= slow + smoothing - 1
        out[0, i] = difference if k >= slow else np.nan
        out[1, i] = y if full else np.nan
        out[2, i] = difference - y if full else np.nan
    return 0


class MacdLines(NamedTuple):
    """The difference of the averages, its own average, and the difference of these two."""

    macd: Number
    signal: Number
    histogram: Number


class Macd(Node, tag="indicator.macd", frozen=True):
    """Moving average convergence/divergence: a fast EMA less a slow one, with an EMA of that as signal line.

    In: source, any unit.
    Out: same unit; NaN until `slow` values are there, signal and histogram until slow + signal - 1.  Every average is
    seeded by the mean of its own first values.  A NaN row gives NaN and starts everything anew after it.
    Source: Gerald Appel, 1979; equals TA-Lib MACD after warm-up (it seeds the fast average later).
    """

    fast: Annotated[int, Meta(ge=1, le=5000, title="Fast length", description="bars")] = 12
    slow: Annotated[int, Meta(ge=2, le=5000, title="Slow length", description="bars")] = 26
    signal: Annotated[int, Meta(ge=1, le=5000, title="Signal length", description="bars")] = 9

    def check(self) -> str | None:
        return None if self.fast < self.slow else "The fast length must be below the slow length."

    def lookback(self) -> int:
        # the seeds, and so many bars that less than 1e-16 of their weight is left: the difference of two averages is
        # small against each of them
        rest = settled(ema_alpha(self.slow), rest=FINE_REST) + settled(ema_alpha(self.signal))
        return self.slow + self.signal + rest

    def compute(self, source: Number) -> MacdLines:
        out = np.empty((3, len(source)))
        converge(solid(source), self.fast, self.slow, self.signal, out)
        return MacdLines(*out)
