"""A node that shifts time."""

from engine.node import Node
from engine.values import Number


class Short(Node, frozen=True, tag="fault.short"):
    """Gives one value less than it got.

    In: source, any unit.
    Out: the same unit, one bar short.
    """

    def compute(self, source: Number) -> Number:
        return source[1:]
