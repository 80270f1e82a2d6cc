from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number
from nodes.kernels.rolling import window_rank


class PercentileRank(Node, frozen=True, tag="rolling.percentile_rank"):
    """How high the current value stands among the last bars.

    In: a, a number.
    Out: share (0 to 1) of the last `length` values, the current one included, that are <= the current one;
    unknown until the window is full and where a value of the window is unknown.
    """

    synonyms = ("rank", "quantile", "iv rank")

    length: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Length", description="bars")] = 20

    def compute(self, a: Number) -> Number:
        return window_rank(a, self.length)

    def lookback(self) -> int:
        return self.length
