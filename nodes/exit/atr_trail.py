from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits, Number


class AtrTrail(Node, frozen=True, tag="exit.atr_trail"):
    """Trails the stop at a distance of some ATRs from the close, wider in a strong trend.

    In: atr (quote currency); adx (0 to 100), without which no trend counts as strong; policy, rules this one
    is added to.
    Out: exit policy; an earlier ATR trail is replaced; the stop stays where it is while atr is unknown, and
    an unknown adx is not strong.
    """

    synonyms = ("trailing stop", "chandelier", "adx tightening", "volatility stop")

    multiple: Annotated[float, msgspec.Meta(gt=0, le=100, title="Distance", description="ATRs")] = 2.0
    strong: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Strong trend factor", description="times the distance")
    ] = 1.2
    adx_strong: Annotated[
        float, msgspec.Meta(ge=0, le=100, title="Strong trend", description="ADX above this is strong")
    ] = 25.0
    min_profit: Annotated[
        float,
        msgspec.Meta(ge=0, title="From profit", description="profit of the trade, quote currency; 0 = at once"),
    ] = 0.0

    def compute(self, atr: Number, adx: Number | None = None, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            atr=atr,
            adx=adx,
            atr_multiple=self.multiple,
            atr_strong=self.strong,
            adx_strong=self.adx_strong,
            atr_min_profit=self.min_profit,
        )
