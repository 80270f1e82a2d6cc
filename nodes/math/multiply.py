from engine.node import Node
from engine.values import Number


class Multiply(Node, frozen=True, tag="math.multiply"):
    """The product of two numbers.

    In: a, b, numbers.
    Out: a * b; unknown where a or b is unknown.
    """

    synonyms = ("times", "product", "scale", "*")

    def compute(self, a: Number, b: Number) -> Number:
        return a * b
