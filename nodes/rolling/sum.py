from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number
from nodes.kernels.rolling import window_sum


class Sum(Node, frozen=True, tag="rolling.sum"):
    """The sum of the last bars.

    In: a, a number.
    Out: the sum of the last `length` values, the current one included, in the unit of a;
    unknown until the window is full and where a value of the window is unknown.
    """

    synonyms = ("total",)

    length: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Length", description="bars")] = 20

    def compute(self, a: Number) -> Number:
        return window_sum(a, self.length)

    def lookback(self) -> int:
        return self.length
