"""Commodity channel index."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.prices import typical_price
from nodes.kernels.windows import moving_average


@part
def total_distance(source: FloatColumn, start: int, stop: int, centre: float) -> float:
    """Sum of the distances to `centre`, in four independent sums, which a processor adds side by side."""
    a = b = c = d = 0.0
    i = start
    while i + 4 <= stop:
        a += abs(source[i] - centre)
        b += abs(source[i + 1] - centre)
        c += abs(source[i + 2] - centre)
        d += abs(source[i + 3] - centre)
        i += 4
    while i < stop:
        a += abs(source[i] - centre)
        i += 1
    return (a + b) + (c + d)


@kernel("f8[:]", "f8[:]", "i8", "f8[:]")
def index(source: FloatColumn, centre: FloatColumn, length: int, out: FloatColumn) -> int:
    """Distance to the mean in units of 0.015 mean distances."""
    for i in range(len(source)):
        out[i] = np.nan
        if centre[i] == centre[i]:
            width = total_distance(source, i - length + 1, i + 1, centre[i]) / length
            out[i] = (source[i] - centre[i]) / (0.015 * width)
    return 0


class Cci(Node, tag="indicator.cci", frozen=True):
    """Commodity channel index: distance of the typical price to its mean, in units of 0.015 mean absolute deviations.

    In: candles.
    Out: a number around 0, mostly within -100 and 100; NaN until `length` bars are there, while one of them is NaN, and
    if all typical prices in the window are equal.
    Source: Donald Lambert, Commodities 1980; equals TA-Lib CCI.
    """

    length: Annotated[int, Meta(ge=2, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, candles: Candles) -> Number:
        typical, out = typical_price(candles), np.empty(len(candles))
        index(typical, moving_average(typical, self.length), self.length, out)
        return out
