from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import UNKNOWN, Candles, Direction, FloatColumn, Number
from nodes.kernels.rolling import window_max, window_min


class LevelPorts(NamedTuple):
    """The levels, and the one this bar came to and closed away from."""

    at: Direction
    high: Number
    low: Number


class Levels(Node, frozen=True, tag="liquidity.levels"):
    """Highest high and lowest low of the bars before this one, and whether this one was turned away there.

    In: candles.
    Out: high, low (quote currency) of the `length` bars before this one, which does not count; at, +1 where its low
    comes within `tolerance` of that low, or goes below it, and it closes above, -1 likewise at the high, 0 otherwise or
    at both. Unknown until `length` + 1 bars are there and while one of them is unknown.
    """

    synonyms = ("support", "resistance", "sweep", "stop run", "previous high", "previous low", "donchian")

    length: Annotated[int, Meta(ge=1, le=10_000, title="Length", description="bars before this one")] = 20
    tolerance: Annotated[
        float, Meta(ge=0, lt=100, title="Tolerance", description="percent of the level that still count as reached")
    ] = 0.0

    def compute(self, candles: Candles) -> LevelPorts:
        high, low = (_before(window_max(candles.high, self.length)), _before(window_min(candles.low, self.length)))
        near = self.tolerance / 100
        up = (candles.low <= low * (1 + near)) & (candles.close > low)
        down = (candles.high >= high * (1 - near)) & (candles.close < high)
        at = up.view(np.int8) - down.view(np.int8)
        at[np.isnan(high + low + candles.high + candles.low + candles.close)] = UNKNOWN
        return LevelPorts(at, high, low)

    def lookback(self) -> int:
        return self.length + 1


def _before(column: FloatColumn) -> FloatColumn:
    out = np.empty(len(column))
    out[:1] = np.nan
    out[1:] = column[:-1]
    return out
