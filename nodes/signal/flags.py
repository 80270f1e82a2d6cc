from typing import Annotated

import msgspec

from engine.needs import After, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag, Number, Signals, constant
from nodes.kernels.flags import direction_of
from nodes.kernels.signals import make_signal


class Flags(Node, frozen=True, tag="signal.flags"):
    """A trade signal from flags that say when to enter.

    In: enter_long, enter_short, flags; price, at which the entry is expected (quote currency); confidence,
    quality and environment, 0 to 1; where these are not connected, the parameter, 1 and 1 stand for them.
    Out: signal, long or short where one flag is true, nothing where both are; unknown where a connected flag
    is, and where a trade would have an unknown price, confidence, quality or environment.
    """

    synonyms = ("entry", "buy", "sell", "advisor", "recommendation")

    confidence: Annotated[
        float,
        msgspec.Meta(ge=0, le=1, title="Confidence", description="0 to 1, where no confidence is connected"),
    ] = 1.0

    def compute(
        self,
        enter_long: Flag,
        price: Number,
        enter_short: Flag | None = None,
        confidence: Number | None = None,
        quality: Number | None = None,
        environment: Number | None = None,
    ) -> Signals:
        confidence = constant(self.confidence, len(price)) if confidence is None else confidence
        direction = direction_of(enter_long, enter_short)
        return make_signal("signal.flags", direction, price, confidence, quality, environment)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        wanted, other = ("enter_long", "enter_short") if goal == 1 else ("enter_short", "enter_long")
        if wanted not in seen:
            return Fact(met=False, yes="", no=f"has no wire for {wanted}")
        fires = Wants(port=wanted, goal=1)
        return After(fires, Wants(port=other, goal=0), silent=True) if other in seen else fires
