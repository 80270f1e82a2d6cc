"""Momentum."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number


class Momentum(Node, tag="indicator.momentum", frozen=True):
    """Momentum: the change over `length` bars.

    In: source, any unit.
    Out: same unit; NaN for the first `length` values, and where one of the two is NaN.
    Source: textbook definition; equals TA-Lib MOM.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 10

    def lookback(self) -> int:
        return self.length + 1

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        out[: self.length] = np.nan
        np.subtract(source[self.length :], source[: -self.length], out=out[self.length :])
        return out
