from typing import Annotated

import msgspec

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Direction, Number, Signals, constant
from nodes.kernels.signals import make_signal


class FromDirection(Node, frozen=True, tag="signal.direction"):
    """A trade signal from a direction.

    In: direction; price, at which the entry is expected (quote currency); confidence, quality and
    environment, 0 to 1; where these are not connected, the parameter, 1 and 1 stand for them.
    Out: signal, long where the direction is up, short where it is down; unknown where it is, and where a
    trade would have an unknown price, confidence, quality or environment.
    """

    synonyms = ("entry", "trend", "advisor", "recommendation")

    confidence: Annotated[
        float,
        msgspec.Meta(ge=0, le=1, title="Confidence", description="0 to 1, where no confidence is connected"),
    ] = 1.0

    def compute(
        self,
        direction: Direction,
        price: Number,
        confidence: Number | None = None,
        quality: Number | None = None,
        environment: Number | None = None,
    ) -> Signals:
        confidence = constant(self.confidence, len(price)) if confidence is None else confidence
        return make_signal("signal.direction", direction, price, confidence, quality, environment)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="direction", goal=goal)
