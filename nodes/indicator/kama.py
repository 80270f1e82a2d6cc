"""Kaufman's adaptive moving average."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import known, solid
from nodes.kernels.smoothing import ema_alpha, settled
from nodes.kernels.windows import ONE


@part
def tail_moves(source: FloatColumn, start: np.uint64, size: np.uint64, tail: FloatColumn) -> None:
    """Sums of the moves in the tails of the block before `start`."""
    total = 0.0
    j = size
    while j > ONE:
        j -= ONE
        row = start + j - size
        total += abs(source[row] - source[row - ONE])
        tail[j] = total


@kernel("f8[:]", "i8", "f8", "f8", "f8[:]", "f8[:]")
def adapt(source: FloatColumn, length: int, fast: float, slow: float, tail: FloatColumn, out: FloatColumn) -> int:
    """The average; the way of the price is summed in blocks as in `nodes.kernels.windows`."""
    rows, size, start = np.uint64(len(source)), np.uint64(length), np.uint64(length)
    for i in range(min(size, rows)):
        out[i] = np.nan
    tail[size] = 0.0
    y = np.nan
    while start < rows:
        tail_moves(source, start, size, tail)
        total = 0.0
        for j in range(min(size, rows - start)):
            i = start + j
            x = source[i]
            total += abs(x - source[i - ONE])
            way = tail[j + ONE] + total
            change = abs(x - source[i - size])
            alpha = (change / way if change < way else 1.0) * (fast - slow) + slow
            if not known(way + change):
                y = np.nan
            elif y != y:
                y = source[i - ONE] + alpha * alpha * (x - source[i - ONE])
            else:
                y += alpha * alpha * (x - y)
            out[i] = y
        start = start + size
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
        out, tail = np.empty(len(source)), np.empty(self.length + 1)
        adapt(solid(source), self.length, ema_alpha(self.fast), ema_alpha(self.slow), tail, out)
        return out
