"""A node that returns nothing."""

from typing import Any

from engine.node import Node
from engine.values import Number


class Nothing(Node, frozen=True, tag="fault.nothing"):
    """Forgets to return.

    In: source, any unit.
    Out: None.
    """

    def compute(self, source: Number) -> Number:
        wrong: Any = None
        return wrong
