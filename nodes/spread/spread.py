import numpy as np

from engine.node import Node
from engine.values import Number


class Spread(Node, frozen=True, tag="spread.spread"):
    """The spread of a pair: what is left of the pair's price when the hedge is taken off.

    In: x, price of the main market; y, price of the pair market; beta, the hedge ratio; alpha, an intercept.
    Out: y - beta * x, less alpha where it is connected, in quote currency; unknown where one of them is.
    """

    synonyms = ("residual", "pairs trading", "statistical arbitrage")

    def compute(self, x: Number, y: Number, beta: Number, alpha: Number | None = None) -> Number:
        spread = np.asarray(y - beta * x)
        return spread if alpha is None else spread - alpha
