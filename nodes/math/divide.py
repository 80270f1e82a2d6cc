import numpy as np

from engine.node import Node
from engine.values import Number


class Divide(Node, frozen=True, tag="math.divide"):
    """The quotient of two numbers.

    In: a, b, numbers.
    Out: a / b; unknown where b is 0 and where a or b is unknown.
    """

    synonyms = ("quotient", "ratio", "/")

    def compute(self, a: Number, b: Number) -> Number:
        with np.errstate(divide="ignore", invalid="ignore"):
            out = np.divide(a, b)
        out[b == 0] = np.nan
        return out
