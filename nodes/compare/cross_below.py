from engine.needs import AllOf, AnyOf, Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Flag, Number
from nodes.kernels.flags import crosses


class CrossBelow(Node, frozen=True, tag="compare.cross_below"):
    """True at the bar where a moves from above b, or from b itself, to below b.

    In: a, b in the same unit.
    Out: flag; unknown at the first bar and where a or b is unknown at this bar or the one before.
    """

    synonyms = ("crossunder", "death cross", "breaks below")

    def compute(self, a: Number, b: Number) -> Flag:
        return crosses(b, a)

    def lookback(self) -> int:
        return 2

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        now = Compare(a="a", relation="<" if goal else ">=", against="b")
        before = Compare(a="a", relation=">=" if goal else "<", against="b", ago=1, against_ago=1)
        return AllOf((now, before)) if goal else AnyOf((now, before))
