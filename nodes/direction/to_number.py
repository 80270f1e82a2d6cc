import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, Direction, Number


class ToNumber(Node, frozen=True, tag="direction.to_number"):
    """A direction as a number: 1 up, 0 flat, -1 down, times a confidence.

    In: direction; confidence, 0 to 1, 1 where not connected.
    Out: number, -1 to 1; unknown where the direction or the confidence is.
    """

    synonyms = ("score", "signed", "convert", "weight")

    def compute(self, direction: Direction, confidence: Number | None = None) -> Number:
        out = direction.astype(np.float64)
        out[direction == UNKNOWN] = np.nan
        return out if confidence is None else out * confidence
