from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number
from nodes.kernels.rolling import window_percentile


class Percentile(Node, frozen=True, tag="rolling.percentile"):
    """The value below which a given share of the last bars lies.

    In: a, a number.
    Out: that percentile of the last `length` values, the current one included, linear between neighbours, in
    the unit of a; unknown until the window is full and where a value of the window is unknown.
    """

    synonyms = ("quantile", "median")

    length: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Length", description="bars")] = 20
    percent: Annotated[float, msgspec.Meta(ge=0, le=100, title="Percentile", description="percent; 50 = median")] = 50.0

    def compute(self, a: Number) -> Number:
        return window_percentile(a, self.length, self.percent / 100)

    def lookback(self) -> int:
        return self.length
