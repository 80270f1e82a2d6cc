from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Size, Sizing


class Risk(Node, frozen=True, tag="size.risk"):
    """Sizes a trade so that hitting its stop loses a share of the equity.

    In: nothing.
    Out: size rule; a trade without a stop cannot be sized by it.
    """

    synonyms = ("position size", "risk percent", "fixed fractional")

    percent: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Risk", description="percent of the equity lost at the stop")
    ] = 1.0
    max_loss: Annotated[
        float,
        msgspec.Meta(ge=0, title="Maximum loss", description="quote currency lost at the stop; 0 = no limit"),
    ] = 0.0

    def compute(self) -> Sizing:
        return Size(rule="risk", value=self.percent / 100, max_loss=self.max_loss)
