import numpy as np

from engine.node import Node
from engine.values import Number


class PercentOf(Node, frozen=True, tag="math.percent_of"):
    """A number as percent of another.

    In: a, b, numbers of one unit.
    Out: 100 x a / b, percent; unknown where a or b is unknown or b is 0.
    """

    synonyms = ("share", "relative", "%", "ratio")

    def compute(self, a: Number, b: Number) -> Number:
        return 100.0 * np.divide(a, b, out=np.full(len(a), np.nan), where=b != 0)
