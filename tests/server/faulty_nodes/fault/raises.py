"""A node that raises."""

from engine.node import Node
from engine.values import Number


class Raises(Node, frozen=True, tag="fault.raises"):
    """Always fails.

    In: source, any unit.
    Out: never anything.
    """

    def compute(self, source: Number) -> Number:
        raise ValueError("broken on purpose,\nover two lines")
