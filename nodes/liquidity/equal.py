from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from engine.node import Fold
from engine.values import Candles, Flag, Number, PriceZones
from nodes.kernels.liquidity import Table, pools_of


class EqualState(msgspec.Struct, frozen=True):
    """The swings that are not taken yet, those that lie together as one: side, bounds, swings, 0, age, birth."""

    pools: Table = ()


class EqualPorts(NamedTuple):
    """The areas, and the bars at which a swing turns out to be equal to one before."""

    zones: PriceZones
    highs: Flag
    lows: Flag


class Equal(Fold, frozen=True, tag="liquidity.equal"):
    """Equal highs and equal lows: swings that turned at nearly the same price, with stops gathered behind them.

    In: candles; high, low, flags at the bar that confirms a swing; high_price, low_price (quote currency), its price at
    that bar: the outputs of structure.pivots.
    Out: zones, a resistance over equal highs and a support under equal lows, from the lowest to the highest of them,
    which are at most `tolerance` apart; touches, the swings in it; score, touches; highs, lows, flags, true at the bar
    that confirms a swing equal to one before. An area ends when it is taken, when no swing joined it for `max_age`
    bars, or when there are `keep` younger ones, single swings included. The flags are unknown where the swings are.
    """

    State: ClassVar[type[msgspec.Struct]] = EqualState
    synonyms = ("eqh", "eql", "double top", "double bottom", "liquidity pool", "support", "resistance")

    tolerance: Annotated[float, Meta(ge=0, lt=50, title="Tolerance", description="percent of the price")] = 0.1
    swings: Annotated[int, Meta(ge=2, le=20, title="Swings", description="that must be equal, at least")] = 2
    keep: Annotated[int, Meta(ge=1, le=50, title="Kept", description="swings or areas on each side, at most")] = 8
    max_age: Annotated[
        int, Meta(ge=1, le=100_000, title="Age", description="bars without another equal swing, at most")
    ] = 300
    taken_by: Annotated[
        Literal["close", "wick"], Meta(title="Taken by", description="what has to be beyond the swings to end it")
    ] = "close"

    def step(
        self, state: EqualState, candles: Candles, high: Flag, low: Flag, high_price: Number, low_price: Number
    ) -> tuple[EqualState, EqualPorts]:
        near = self.tolerance / 100 * (1 + 1e-9)
        rules = np.array([0.0, near, self.swings, self.max_age, self.taken_by == "close"], np.float64)
        pools, zones, joined = pools_of(state.pools, self.keep, candles, (high, low, high_price, low_price), rules)
        return EqualState(pools), EqualPorts(zones, joined[0], joined[1])
