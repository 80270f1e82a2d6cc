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
