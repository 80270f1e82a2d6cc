from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number
from nodes.kernels.rolling import window_min


class Min(Node, frozen=True, tag="rolling.min"):
    """The lowest value of the last bars.

    In: a, a number.
    Out: the lowest of the last `length` values, the current one included, in the unit of a;
    unknown until the window is full and where a value of the window is unknown.
    """

    synonyms = ("lowest", "donchian low")

    length: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Length", description="bars")] = 20

    def compute(self, a: Number) -> Number:
        return window_min(a, self.length)

    def lookback(self) -> int:
        return self.length
