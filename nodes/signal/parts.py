from typing import NamedTuple

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Direction, Number, Signals
from nodes.kernels.deciders import blank_levels
from nodes.kernels.signals import trades_of


class Parts(NamedTuple):
    """What a signal says, one by one."""

    direction: Direction
    entry: Number
    confidence: Number
    stop: Number
    target: Number
    quality: Number
    environment: Number


class PartsOf(Node, frozen=True, tag="signal.parts"):
    """Takes a signal apart into numbers and a direction.

    In: signal.
    Out: direction; entry, stop and target (quote currency) and confidence, quality and environment (0 to 1) at the bars
    where it is long or short, unknown at the others and where it has none.
    """

    synonyms = ("unpack", "split", "direction of", "confidence of", "levels", "convert")

    def compute(self, signal: Signals) -> Parts:
        trades = trades_of(signal).rows
        levels = blank_levels(len(signal.direction))
        for name, column in levels.items():
            column[trades] = getattr(signal, name)[trades]
        return Parts(signal.direction, **levels)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="signal", goal=goal)
