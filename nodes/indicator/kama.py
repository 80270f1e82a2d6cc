"""Kaufman's adaptive moving average."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import known, solid
from nodes.kernels.smoothing import ema_alpha, settled
from nodes.kernels.windows import moving_average


@kernel("f8[:]", "f8[:]", "i8", "f8", "f8", "f8[:]")
def adapt(source: FloatColumn, moves: FloatColumn, length: int, fast: float, slow: float, out: FloatColumn) -> int:
    """The average, from the mean move per bar of the last `length` bars."""
    y = np.nan
    for i in range(len(source)):
        if i < length or not (known(moves[i]) and known(source[i])):
            y = np.nan
            out[i] = np.nan
            continue
        if y != y:
            y = source[i - 1]
        way = moves[i] * length
        change = abs(source[i] - source[i - length])
        efficiency = change / way if change < way else 1.0
        alpha = efficiency * (fast - slow) + slow
        y += alpha * alpha * (source[i] - y)
        out[i] = y
    return 0


class Kama(Node, tag="indicator.kama", frozen=True):
    """Kaufman's adaptive moving average: fast where the price goes straight, slow where it goes to and fro.

    In: source, any unit.
    Out: same unit; NaN for the first `length` values, the seed is the value before the first output.  While a NaN is
    among the last length + 1 values the output is NaN, then it starts anew.
    Source: Perry Kaufman, Smarter Trading, 1995; equals TA-Lib KAMA, also in that a window without any move counts as
    straight.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 10
    fast: Annotated[int, Meta(ge=1, le=500, title="Fast length", description="bars")] = 2
    slow: Annotated[int, Meta(ge=1, le=500, title="Slow length", description="bars")] = 30

    def check(self) -> str | None:
        return None if self.fast <= self.slow else "The fast length must not exceed the slow length."

    def lookback(self) -> int:
        # at worst the average moves at its slowest all the time: less than 1e-10 of the seed's weight is left even then
        return self.length + 1 + settled(ema_alpha(self.slow) ** 2)

    def compute(self, source: Number) -> Number:
        column, out, moves = solid(source), np.empty(len(source)), np.empty(len(source))
        moves[:1] = np.nan
        np.subtract(column[1:], column[:-1], out=moves[1:])
        np.abs(moves, out=moves)
        adapt(
            column,
            moving_average(moves, self.length),
            self.length,
            ema_alpha(self.fast),
            ema_alpha(self.slow),
            out,
        )
        return out
