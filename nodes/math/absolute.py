import numpy as np

from engine.node import Node
from engine.values import Number


class Absolute(Node, frozen=True, tag="math.absolute"):
    """The size of a number without its sign.

    In: a, a number.
    Out: |a|, in its unit; unknown where a is unknown.
    """

    synonyms = ("abs", "magnitude")

    def compute(self, a: Number) -> Number:
        return np.abs(a)
