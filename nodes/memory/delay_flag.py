from typing import Annotated, ClassVar

import msgspec
import numpy as np

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Flag


class DelayFlag(Node, frozen=True, tag="memory.delay_flag"):
    """The flag of the bar before; the only way to close a loop with a flag.

    In: a, a flag.
    Out: a one bar earlier; unknown at the first bar and where that flag was unknown, unless an initial value is set,
    which stands there.
    """

    breaks_cycle: ClassVar[bool] = True
    synonyms = ("previous", "lag", "shift")

    initial: Annotated[
        bool | None, msgspec.Meta(title="Initial value", description="while the flag before is not known; empty = none")
    ] = None

    def compute(self, a: Flag) -> Flag:
        out = np.empty(len(a), np.int8)
        out[:1] = UNKNOWN
        out[1:] = a[:-1]
        if self.initial is not None:
            out[out == UNKNOWN] = self.initial
        return out

    def lookback(self) -> int:
        return 2

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="a", goal=goal, ago=1)
