from engine.node import Node
from engine.values import Number


class Add(Node, frozen=True, tag="math.add"):
    """The sum of two numbers.

    In: a, b, numbers.
    Out: a + b, in their unit; unknown where a or b is unknown.
    """

    synonyms = ("plus", "sum", "+")

    def compute(self, a: Number, b: Number) -> Number:
        return a + b
