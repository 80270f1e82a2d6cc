from typing import Annotated

import msgspec

from engine.needs import AllOf, AnyOf, Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import to_flag


class Between(Node, frozen=True, tag="compare.between"):
    """True where a number lies between two levels.

    In: a, a number.
    Out: flag, true at the levels themselves; unknown where a is unknown.
    """

    synonyms = ("range", "band", "inside")

    low: Annotated[float, msgspec.Meta(title="Low", description="lower level, in the unit of a")] = 30.0
    high: Annotated[float, msgspec.Meta(title="High", description="upper level, in the unit of a")] = 70.0

    def check(self) -> str | None:
        return "low is above high" if self.low > self.high else None

    def compute(self, a: Number) -> Flag:
        return to_flag((a >= self.low) & (a <= self.high), a)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        if goal:
            return AllOf(
                (Compare(a="a", relation=">=", level=self.low), Compare(a="a", relation="<=", level=self.high))
            )
        return AnyOf((Compare(a="a", relation="<", level=self.low), Compare(a="a", relation=">", level=self.high)))
