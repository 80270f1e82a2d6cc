"""A node whose look-back raises."""

from engine.node import Node
from engine.values import Number


class LooksBack(Node, frozen=True, tag="fault.looks_back"):
    """Fails while its look-back is asked for.

    In: source, any unit.
    Out: the same.
    """

    def lookback(self) -> int:
        raise RuntimeError("lookback is broken on purpose")

    def compute(self, source: Number) -> Number:
        return source
