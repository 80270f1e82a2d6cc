from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number


class Curve(Node, frozen=True, tag="confidence.curve"):
    """Maps a number to a weight: constant below a low threshold and above a high one, a straight line between.

    In: a, a number such as a confidence.
    Out: weight; unknown where a is.
    """

    synonyms = ("weight", "piecewise linear", "ramp", "map", "size weight", "interpolate")

    low: Annotated[
        float, msgspec.Meta(title="Low threshold", description="in the unit of a; the low weight up to here")
    ] = 0.70
    high: Annotated[
        float, msgspec.Meta(title="High threshold", description="in the unit of a; the high weight from here on")
    ] = 0.85
    low_weight: Annotated[float, msgspec.Meta(title="Low weight", description="at and below the low threshold")] = 0.8
    high_weight: Annotated[float, msgspec.Meta(title="High weight", description="at and above the high threshold")] = (
        1.2
    )

    def check(self) -> str | None:
        return None if self.low < self.high else f"the low threshold {self.low:g} must be below the high {self.high:g}"

    def compute(self, a: Number) -> Number:
        out: Number = np.interp(a, (self.low, self.high), (self.low_weight, self.high_weight))
        return out
