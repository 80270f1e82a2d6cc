from typing import Annotated, ClassVar

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number


class Delay(Node, frozen=True, tag="memory.delay"):
    """The value of the bar before; the only way to close a loop with a number.

    In: a, a number.
    Out: a one bar earlier, in its unit; unknown at the first bar and where that value was unknown, unless an initial
    value is set, which stands there.
    """

    breaks_cycle: ClassVar[bool] = True
    synonyms = ("previous", "lag", "shift")

    initial: Annotated[
        float | None,
        msgspec.Meta(title="Initial value", description="while the value before is not known; empty = none"),
    ] = None

    def compute(self, a: Number) -> Number:
        out = np.empty(len(a))
        out[:1] = np.nan
        out[1:] = a[:-1]
        if self.initial is not None:
            out[np.isnan(out)] = self.initial
        return out

    def lookback(self) -> int:
        return 2
