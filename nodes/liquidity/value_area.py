from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn, TimeColumn
from engine.node import Fold
from engine.values import Candles, Number, PriceZones, Zones, make_zones

NONE = float("nan")
Rows = NDArray[np.intp]


class ValueAreaState(msgspec.Struct, frozen=True):
    """The area at the last bar and the closing instant (ms UTC) from which on it is known; NaN = none."""

    low: float = NONE
    high: float = NONE
    poc: float = NONE
    born: int = 0


class ValueArea(Fold, frozen=True, tag="liquidity.value_area"):
    """The value area of a volume profile, and the price most was traded at, as price areas.

    In: candles; value_low, value_high, poc (quote currency): the outputs of volume.profile.
    Out: zones of either kind: the area from value_low to value_high with score 1 and, on it, the point of control with
    score 2; touches 0, visits are not counted. Whenever a bound or the point of control moves, new ones begin; none
    where one of the three is unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = ValueAreaState
    synonyms = ("volume profile", "vah", "val", "poc", "support", "resistance", "fair value")

    def step(
        self, state: ValueAreaState, candles: Candles, value_low: Number, value_high: Number, poc: Number
    ) -> tuple[ValueAreaState, PriceZones]:
        levels = (value_low, value_high, poc)
        known = ~np.isnan(value_low + value_high + poc)
        moved = np.zeros(len(known), np.bool_)
        for column, last in zip(levels, (state.low, state.high, state.poc), strict=True):
            moved |= column != np.concatenate(([last], column[:-1]))
        moved &= known
        starts = np.flatnonzero(moved | (known & (np.arange(len(known)) == 0)))  # one from before goes on at row 0
        ends = np.append(np.flatnonzero(moved | ~known), len(known))
        until = ends[np.searchsorted(ends, starts, side="right")]
        born = np.where(moved[starts], candles.close_time[starts], state.born)
        zones = _areas(len(known), starts, until, born, levels)
        if not known[-1]:
            return ValueAreaState(), zones
        low, high, middle = (float(c[-1]) for c in levels)
        return ValueAreaState(low, high, middle, int(born[-1])), zones


def _areas(rows: int, starts: Rows, until: Rows, born: TimeColumn, levels: tuple[FloatColumn, ...]) -> Zones:
    """The value areas from their rows, and the points of control on them."""
    low, high, poc = (c[starts] for c in levels)
    flat = np.zeros(2 * len(starts))
    return make_zones(
        rows,
        np.tile(starts, 2),
        np.tile(until, 2),
        np.concatenate([low, poc]),
        np.concatenate([high, poc]),
        flat.astype(np.int8),
        flat.astype(np.int64),
        np.repeat([1.0, 2.0], len(starts)),
        np.tile(born, 2),
    )
