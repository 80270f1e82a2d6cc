"""Standard deviation."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.windows import deviation


class Stdev(Node, tag="indicator.stdev", frozen=True):
    """Population standard deviation of the last `length` values (divided by length, not by length - 1).

    In: source, any unit.
    Out: same unit, exactly 0 for equal values; NaN until `length` values are there, and while one of them is NaN.
    Source: textbook definition; equals TA-Lib STDDEV.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 20

    def lookback(self) -> int:
        return self.length

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        deviation(solid(source), self.length, np.empty(self.length + 1), np.empty(self.length + 1), out)
        return out
