"""TRIX."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import known, solid
from nodes.kernels.smoothing import FINE_REST, advance, ema_alpha, settled


@kernel("f8[:]", "i8", "f8[:]")
def change_of_cascade(source: FloatColumn, length: int, out: FloatColumn) -> int:
    """Change of the third of three averages in a row, in percent of its value before."""
    alpha = 2.0 / (length + 1.0)
    k = 0
    y1 = y2 = y3 = 0.0
    for i in range(len(source)):
        x = source[i]
        if not known(x):
            k = 0
            out[i] = np.nan
            continue
        k += 1
        base = y3
        y1 = advance(y1, x, k, length, alpha)
        y2 = advance(y2, y1, k - (length - 1), length, alpha)
        y3 = advance(y3, y2, k - 2 * (length - 1), length, alpha)
        out[i] = (y3 / base - 1.0) * 100.0 if k > 3 * length - 2 and base != 0.0 else np.nan
    return 0


class Trix(Node, tag="indicator.trix", frozen=True):
    """TRIX: the one-bar rate of change of an EMA that was smoothed three times.

    In: source, any unit, not 0.
    Out: percent; NaN for the first 3 (length - 1) + 1 values.  A NaN row gives NaN and starts everything anew after it,
    seeds included.
    Source: Jack Hutson, Good Trix, Stocks & Commodities 1983; equals TA-Lib TRIX.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 15

    def lookback(self) -> int:
        # three seeds and the change; the change is small against the averages, so less than 1e-16 of the seeds' weight
        # may be left
        return 3 * self.length + 1 + settled(ema_alpha(self.length), stages=3, rest=FINE_REST)

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        change_of_cascade(solid(source), self.length, out)
        return out
