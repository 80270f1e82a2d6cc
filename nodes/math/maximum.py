import numpy as np

from engine.node import Node
from engine.values import Number


class Maximum(Node, frozen=True, tag="math.maximum"):
    """The larger of two numbers.

    In: a, b, numbers.
    Out: the larger one, in their unit; unknown where a or b is unknown.
    """

    synonyms = ("max", "higher of")

    def compute(self, a: Number, b: Number) -> Number:
        return np.maximum(a, b)
