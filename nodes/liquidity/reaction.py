from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import UNKNOWN, Candles, Direction, Number, PriceZones
from nodes.kernels.liquidity import count_reactions


class ReactionPorts(NamedTuple):
    """Which way the areas turned the bar, and how many of them did."""

    out: Direction
    areas: Number


class Reaction(Node, frozen=True, tag="liquidity.reaction"):
    """A bar that comes to a support and closes above it again, or to a resistance and closes below it.

    In: candles; a to d, areas, each taken as it was known at the bar before.
    Out: +1 where the low comes within `tolerance` of the upper end of a support, or goes below it, and the bar closes
    above that end; -1 likewise at the lower end of a resistance; 0 otherwise or where as many areas say so as the
    opposite; areas, how many there are on that side. An area of either kind is a support where the bar before closed
    above it and a resistance where it closed below. Unknown at the first bar and where the bar or the close before it
    is.
    """

    synonyms = ("bounce", "retest", "touch", "sweep", "at support", "at resistance", "liquidity grab")

    tolerance: Annotated[
        float, Meta(ge=0, lt=100, title="Tolerance", description="percent of the price that still count as reached")
    ] = 0.0

    def compute(
        self,
        candles: Candles,
        a: PriceZones,
        b: PriceZones | None = None,
        c: PriceZones | None = None,
        d: PriceZones | None = None,
    ) -> ReactionPorts:
        prices = np.stack([candles.high, candles.low, candles.close])
        sides = np.zeros((2, len(candles)))
        for zones in (a, b, c, d):
            if zones is not None:
                bounds = np.stack([zones.low, zones.high])
                count_reactions(zones.since, zones.until, bounds, zones.kind, prices, self.tolerance / 100, sides)
        out = np.sign(sides[0] - sides[1]).astype(np.int8)
        areas = np.where(out == 0, 0.0, np.maximum(sides[0], sides[1]))
        unknown = np.isnan(prices[0] + prices[1] + prices[2])
        unknown[1:] |= np.isnan(prices[2, :-1])
        unknown[:1] = True
        out[unknown], areas[unknown] = UNKNOWN, np.nan
        return ReactionPorts(out, areas)

    def lookback(self) -> int:
        return 2
