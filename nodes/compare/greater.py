from engine.needs import Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import to_flag


class Greater(Node, frozen=True, tag="compare.greater"):
    """True where a is greater than b.

    In: a, b in the same unit.
    Out: flag; unknown where a or b is unknown.
    """

    synonyms = ("above", "more than", ">")

    def compute(self, a: Number, b: Number) -> Flag:
        return to_flag(a > b, a, b)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Compare(a="a", relation=">" if goal else "<=", against="b")
