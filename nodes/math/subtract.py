from engine.node import Node
from engine.values import Number


class Subtract(Node, frozen=True, tag="math.subtract"):
    """The difference of two numbers.

    In: a, b, numbers.
    Out: a - b, in their unit; unknown where a or b is unknown.
    """

    synonyms = ("minus", "difference", "spread", "-")

    def compute(self, a: Number, b: Number) -> Number:
        return a - b
