from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Size, Sizing


class Quantity(Node, frozen=True, tag="size.quantity"):
    """Sizes a trade by a fixed quantity.

    In: nothing.
    Out: size rule.
    """

    synonyms = ("position size", "contracts", "lots", "units")

    quantity: Annotated[float, msgspec.Meta(gt=0, title="Quantity", description="base currency")] = 1.0

    def compute(self) -> Sizing:
        return Size(rule="quantity", value=self.quantity)
