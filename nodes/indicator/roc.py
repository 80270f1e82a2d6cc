"""Rate of change."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid


@kernel("f8[:]", "i8", "f8[:]")
def rate_of_change(source: FloatColumn, length: int, out: FloatColumn) -> int:
    """Change over `length` rows in percent of the older value."""
    for i in range(min(length, len(source))):
        out[i] = np.nan
    for i in range(length, len(source)):
        base = source[i - length]
        out[i] = (source[i] / base - 1.0) * 100.0 if base != 0.0 else np.nan
    return 0


class Roc(Node, tag="indicator.roc", frozen=True):
    """Rate of change: the change over `length` bars in percent of the older value.

    In: source, any unit.
    Out: percent; NaN for the first `length` values, where one of the two is NaN, and where the older one is 0.
    Source: textbook definition; equals TA-Lib ROC.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 10

    def lookback(self) -> int:
        return self.length + 1

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        rate_of_change(solid(source), self.length, out)
        return out
