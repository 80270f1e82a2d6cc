from typing import ClassVar

import numpy as np

from engine.node import Node
from engine.values import Number


class Delay(Node, frozen=True, tag="memory.delay"):
    """The value of the bar before; the only way to close a loop with a number.

    In: a, a number.
    Out: a one bar earlier, in its unit; unknown at the first bar and where that value was unknown.
    """

    breaks_cycle: ClassVar[bool] = True
    synonyms = ("previous", "lag", "shift")

    def compute(self, a: Number) -> Number:
        out = np.empty(len(a))
        out[:1] = np.nan
        out[1:] = a[:-1]
        return out

    def lookback(self) -> int:
        return 2
