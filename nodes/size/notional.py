from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Size, Sizing


class Notional(Node, frozen=True, tag="size.notional"):
    """Sizes a trade by a fixed amount of money.

    In: nothing.
    Out: size rule.
    """

    synonyms = ("position size", "fixed amount", "usd")

    amount: Annotated[float, msgspec.Meta(gt=0, title="Amount", description="notional value in quote currency")] = 100.0

    def compute(self) -> Sizing:
        return Size(rule="notional", value=self.amount)
