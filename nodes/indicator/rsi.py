"""Relative strength index."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import known, solid
from nodes.kernels.smoothing import settled, wilder


@kernel("f8[:]", "i8", "f8[:]")
def strength(source: FloatColumn, length: int, out: FloatColumn) -> int:
    """Share of the rises in all moves, percent, both smoothed by Wilder's average."""
    alpha = 1.0 / length
    k = -1  # -1: no value before this one
    rise = fall = before = 0.0
    for i in range(len(source)):
        x = source[i]
        out[i] = np.nan
        if not known(x):
            k = -1
            continue
        k += 1
        if k > 0:
            move = x - before
            rise = wilder(rise, move if move > 0.0 else 0.0, k, length, alpha)
            fall = wilder(fall, -move if move < 0.0 else 0.0, k, length, alpha)
            if k >= length:
                out[i] = 100.0 * rise / (rise + fall)
        before = x
    return 0


class Rsi(Node, tag="indicator.rsi", frozen=True):
    """Relative strength index: the share of the rises in all moves from value to value, smoothed by Wilder's average.

    In: source, any unit.
    Out: 0 to 100; NaN for the first `length` values (the mean of so many moves is the seed), and as long as nothing has
    moved at all.  A NaN row gives NaN and starts everything anew after it.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib RSI.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        # one value for the first move, the seed, and so many bars that less than 1e-10 of its weight is left
        return 1 + self.length + settled(1 / self.length)

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        strength(solid(source), self.length, out)
        return out
