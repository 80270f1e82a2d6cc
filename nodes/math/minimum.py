import numpy as np

from engine.node import Node
from engine.values import Number


class Minimum(Node, frozen=True, tag="math.minimum"):
    """The smaller of two numbers.

    In: a, b, numbers.
    Out: the smaller one, in their unit; unknown where a or b is unknown.
    """

    synonyms = ("min", "lower of")

    def compute(self, a: Number, b: Number) -> Number:
        return np.minimum(a, b)
