"""Wilder's moving average."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Number
from nodes.kernels.prices import solid
from nodes.kernels.smoothing import settled, smooth


class Rma(Node, tag="indicator.rma", frozen=True):
    """Wilder's moving average: each bar moves it by 1 / length of the distance to the value.

    In: source, any unit.
    Out: same unit; NaN until `length` values are there, the mean of which is the seed.  A NaN row gives NaN and starts
    the average anew after it, seed included.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    synonyms: ClassVar[tuple[str, ...]] = ("smma", "smoothed moving average", "wilder")

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars")] = 14

    def lookback(self) -> int:
        # the seed, and so many bars that less than 1e-10 of its weight is left
        return self.length + settled(1 / self.length)

    def compute(self, source: Number) -> Number:
        out = np.empty(len(source))
        smooth(solid(source), self.length, 1 / self.length, out)
        return out
