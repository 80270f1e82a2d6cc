from typing import Annotated

import msgspec

from engine.needs import Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import to_change_flag


class Falling(Node, frozen=True, tag="compare.falling"):
    """True where a number is less than some bars ago.

    In: a, a number.
    Out: flag; unknown in the first bars and where a is unknown at this bar or at the one it is compared with.
    """

    synonyms = ("down", "decreasing", "slope")

    bars: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Bars", description="bars back")] = 1

    def compute(self, a: Number) -> Flag:
        return to_change_flag(a[self.bars :] < a[: -self.bars], self.bars, a)

    def lookback(self) -> int:
        return self.bars + 1

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Compare(a="a", relation="<" if goal else ">=", against="a", against_ago=self.bars)
