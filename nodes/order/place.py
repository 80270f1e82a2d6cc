from typing import Annotated, ClassVar, Literal

import msgspec

from engine.node import Decision, Intent
from engine.values import Exits, SignalAtBar, Sizing


class PlaceState(msgspec.Struct, frozen=True):
    """Nothing is remembered: each bar is decided by itself."""


class Place(Decision, frozen=True, tag="order.place"):
    """Enters a trade at every bar whose signal is long or short.

    In: signal; size, the rule for the quantity; exits, rules for stops and exits.
    Out: orders, one for each long or short signal; none where the direction is 0 or unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = PlaceState
    lowers: ClassVar[bool] = True  # decided by the row alone: the back-test may run it inside the kernel
    synonyms = ("buy", "sell", "trade", "execute", "entry")

    order: Annotated[
        Literal["market", "limit", "stop"],
        msgspec.Meta(title="Order", description="limit and stop orders rest at the entry price of the signal"),
    ] = "market"
    opposite: Annotated[
        Literal["reverse", "close", "ignore"],
        msgspec.Meta(title="Opposite position", description="what to do when a position of the other side is open"),
    ] = "reverse"
    same: Annotated[
        Literal["ignore", "add"],
        msgspec.Meta(title="Same position", description="what to do when a position of this side is open"),
    ] = "ignore"
    leverage: Annotated[float, msgspec.Meta(gt=0, le=200, title="Leverage", description="notional / margin")] = 1.0
    post_only: Annotated[
        bool, msgspec.Meta(title="Post only", description="cancel a limit order that would fill at once")
    ] = False
    reduce_only: Annotated[bool, msgspec.Meta(title="Reduce only", description="never open or enlarge a position")] = (
        False
    )

    def check(self) -> str | None:
        if self.post_only and self.order != "limit":
            return "post only needs a limit order"
        return None

    def step(
        self, state: PlaceState, signal: SignalAtBar, size: Sizing, exits: Exits | None = None
    ) -> tuple[PlaceState, tuple[Intent, ...]]:
        if signal.direction not in (1, -1):
            return state, ()
        intent = Intent(
            action="enter",
            direction=signal.direction,
            order=self.order,
            price=signal.entry,
            stop=signal.stop,
            target=signal.target,
            confidence=signal.confidence,
            size=size,
            exits=exits,
            leverage=self.leverage,
            opposite=self.opposite,
            same=self.same,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
        )
        return state, (intent,)
