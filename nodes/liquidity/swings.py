from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.node import Fold
from engine.values import Candles, Flag, Number, PriceZones
from nodes.kernels.liquidity import Table, pools_of


class SwingsState(msgspec.Struct, frozen=True):
    """The pools that are not taken yet: side, bounds, visits, whether the last bar was inside, age, birth."""

    pools: Table = ()


class Swings(Fold, frozen=True, tag="liquidity.swings"):
    """Swing highs and lows as areas behind which stops wait, until they are taken.

    In: candles; high, low, flags at the bar that confirms a swing; high_price, low_price (quote currency), its price at
    that bar: the outputs of structure.pivots.
    Out: zones, a resistance below each swing high and a support above each swing low, `width` deep, known from the bar
    that confirms the swing; touches, 1 and one more for each new visit; score, touches. An area ends when it is taken
    or too old, or when there are `keep` younger ones on its side. A swing that is unknown makes no area.
    """

    State: ClassVar[type[msgspec.Struct]] = SwingsState
    synonyms = ("support", "resistance", "liquidity pool", "stop hunt", "swing high", "swing low")

    width: Annotated[float, Meta(ge=0, lt=50, title="Width", description="percent of the price")] = 0.2
    keep: Annotated[int, Meta(ge=1, le=50, title="Kept", description="areas on each side, at most")] = 5
    max_age: Annotated[int, Meta(ge=1, le=100_000, title="Age", description="bars it holds, at most")] = 300
    taken_by: Annotated[
        Literal["close", "wick"], Meta(title="Taken by", description="what has to be beyond the swing to end it")
    ] = "close"

    def step(
        self, state: SwingsState, candles: Candles, high: Flag, low: Flag, high_price: Number, low_price: Number
    ) -> tuple[SwingsState, PriceZones]:
        rules = np.array([self.width / 100, -1.0, 1.0, self.max_age, self.taken_by == "close"], np.float64)
        pools, zones, _ = pools_of(state.pools, self.keep, candles, (high, low, high_price, low_price), rules)
        return SwingsState(pools), zones
