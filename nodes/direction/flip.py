import numpy as np

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Direction


class Flip(Node, frozen=True, tag="direction.flip"):
    """Up becomes down and down becomes up.

    In: direction.
    Out: direction; flat stays flat, unknown stays unknown.
    """

    synonyms = ("invert", "opposite", "contrarian", "mean reversion", "negate")

    def compute(self, direction: Direction) -> Direction:
        return np.where(direction == UNKNOWN, direction, -direction)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="direction", goal=-int(goal))
