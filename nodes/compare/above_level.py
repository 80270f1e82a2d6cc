from typing import Annotated

import msgspec

from engine.needs import Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import to_flag


class AboveLevel(Node, frozen=True, tag="compare.above_level"):
    """True where a number is above a level.

    In: a, a number.
    Out: flag, false at the level itself; unknown where a is unknown.
    """

    synonyms = ("threshold", "overbought", ">")

    level: Annotated[float, msgspec.Meta(title="Level", description="in the unit of a")] = 70.0

    def compute(self, a: Number) -> Flag:
        return to_flag(a > self.level, a)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Compare(a="a", relation=">" if goal else "<=", level=self.level)
