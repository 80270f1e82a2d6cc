import msgspec
import numpy as np

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Number, Signals
from nodes.kernels.signals import trades_of

PARTS = ("confidence", "quality", "environment")


class Set(Node, frozen=True, tag="confidence.set"):
    """Gives a signal another confidence, setup quality or market environment.

    In: signal; confidence, quality and environment, at least one, 0 to 1; what lies outside counts as 0 or 1.
    Out: signal with what is connected in place of its own; a trade becomes unknown where that is.
    """

    synonyms = ("replace", "override", "quality", "environment", "assign")

    def requires_one_of(self) -> tuple[str, ...]:
        return PARTS

    def compute(
        self,
        signal: Signals,
        confidence: Number | None = None,
        quality: Number | None = None,
        environment: Number | None = None,
    ) -> Signals:
        given = zip(PARTS, (confidence, quality, environment), strict=True)
        new = {name: np.clip(column, 0.0, 1.0) for name, column in given if column is not None}
        rows = trades_of(signal).rows
        direction = signal.direction.copy()
        for column in new.values():
            direction[rows[np.isnan(column[rows])]] = UNKNOWN
        return msgspec.structs.replace(signal, direction=direction, reasons=(*signal.reasons, "confidence.set"), **new)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="signal", goal=goal)
