from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Size, Sizing


class Equity(Node, frozen=True, tag="size.equity"):
    """Sizes a trade by a share of the equity.

    In: nothing.
    Out: size rule.
    """

    synonyms = ("position size", "percent of equity", "all in")

    percent: Annotated[
        float,
        msgspec.Meta(gt=0, le=10_000, title="Share", description="notional value in percent of the equity"),
    ] = 100.0
    fee_reserve: Annotated[
        float,
        msgspec.Meta(ge=0, lt=100, title="Fee reserve", description="percent of the notional value kept back for fees"),
    ] = 0.0

    def compute(self) -> Sizing:
        return Size(rule="equity", value=self.percent / 100, fee_reserve=self.fee_reserve / 100)
