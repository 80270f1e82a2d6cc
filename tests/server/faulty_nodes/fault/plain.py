"""A node that returns no column."""

from typing import Any

from engine.node import Node
from engine.values import Number


class Plain(Node, frozen=True, tag="fault.plain"):
    """Gives a Python list where a column belongs.

    In: source, any unit.
    Out: a list.
    """

    def compute(self, source: Number) -> Number:
        wrong: Any = source.tolist()
        return wrong
