"""A node whose own check raises."""

from engine.node import Node
from engine.values import Number


class Refuses(Node, frozen=True, tag="fault.refuses"):
    """Fails while it is checked.

    In: source, any unit.
    Out: the same.
    """

    def check(self) -> str | None:
        raise RuntimeError("check is broken on purpose")

    def compute(self, source: Number) -> Number:
        return source
