from typing import Annotated, ClassVar

import msgspec
import numpy as np
from msgspec import Meta

from engine.errors import NodeError
from engine.node import Fold
from engine.values import Candles, Flag, FloatColumn, Number, PriceZones
from nodes.kernels.areas import FULL, VERSION_FIELDS, zones_of
from nodes.kernels.prices import FloatGrid, solid
from nodes.kernels.zones import AREA_FIELDS, DUE, MEMBER_FIELDS, VERSION, run_areas


class AreasState(msgspec.Struct, frozen=True):
    """Bars seen, the pivots in the look-back and the areas they make, row by row (`nodes.kernels.zones`)."""

    bars: int = 0
    members: tuple[float, ...] = ()
    areas: tuple[float, ...] = ()


class FromPivots(Fold, frozen=True, tag="zone.from_pivots"):
    """Areas of interest: prices at which the market of one timeframe turned several times, from either side.

    In: candles; high, low, high_price and low_price of structure.pivots; atr (quote currency), needed where the width
    is measured in it.
    Out: areas of at least `min_touches` touches in the look-back, from the bar on that confirms the touch. The width is
    the larger of the percentage and the ATRs. A pivot joins the nearest area that stays within the width, else begins
    one; an area reaches from its lowest to its highest pivot. Highs and lows count alike, but only once the price has
    been a width away since the touch before. An area is support while the price comes from above. It does not end by
    being used but by being broken: a close beyond it by the buffer, and none back in it within `reversal_bars`; its
    pivots are then spent. Score: touches times recency, which is 1, and falls by 0.25 with every quarter of the
    look-back since the last touch. There are no areas while something is unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = AreasState
    synonyms = ("area of interest", "AOI", "support", "resistance", "supply", "demand", "levels", "cluster")

    width_percent: Annotated[float, Meta(ge=0, le=50, title="Width", description="percent of the price")] = 0.5
    width_atr: Annotated[float, Meta(ge=0, le=50, title="Width in ATRs", description="ATRs; 0 = percentage only")] = 0.5
    lookback_bars: Annotated[int, Meta(ge=2, le=100_000, title="Look-back", description="bars a touch counts")] = 500
    min_touches: Annotated[int, Meta(ge=1, le=100, title="Touches", description="distinct visits needed")] = 3
    buffer: Annotated[
        float, Meta(ge=0, le=100, title="Break buffer", description="widths a close must be beyond the area")
    ] = 0.5
    reversal_bars: Annotated[
        int, Meta(ge=0, le=1000, title="Reversal", description="bars in which a close back saves the area")
    ] = 3

    def check(self) -> str | None:
        if self.width_percent == 0 and self.width_atr == 0:
            return "an area needs a width: give a percentage or ATRs"
        return None

    def requires(self) -> tuple[str, ...]:
        return ("atr",) if self.width_atr > 0 else ()

    def step(
        self,
        state: AreasState,
        candles: Candles,
        high: Flag,
        low: Flag,
        high_price: Number,
        low_price: Number,
        atr: Number | None = None,
    ) -> tuple[AreasState, PriceZones]:
        width = self._width(candles.close, atr)
        flags = [np.ascontiguousarray(x) for x in (high, low)]
        columns = (candles.close, *flags, solid(high_price), solid(low_price), width, candles.close_time)
        room = int(sum(np.count_nonzero(flag == 1) for flag in flags))
        size = 64 + 8 * room
        while True:
            counts, members, areas = _unpacked(state, room)
            versions = np.empty((size, VERSION_FIELDS))
            found = run_areas(
                counts, members, areas, *columns,
                self.lookback_bars, self.min_touches, self.buffer, self.reversal_bars, versions,
            )  # fmt: skip
            if found != FULL:
                return _packed(counts, members, areas), zones_of(versions[:found], len(width))
            size *= 4  # the state was not touched: the same bars again with a larger table

    def _width(self, close: FloatColumn, atr: FloatColumn | None) -> FloatColumn:
        width = close * (self.width_percent / 100)
        if self.width_atr == 0:
            return width
        if atr is None:
            raise NodeError("zone.from_pivots", 'the width is in ATRs: connect "atr" or set the width in ATRs to 0')
        return np.maximum(width, self.width_atr * atr)


def _unpacked(state: AreasState, room: int) -> tuple[FloatGrid, FloatGrid, FloatGrid]:
    """Counts and tables for the kernel, with room for as many new pivots."""
    members, areas = len(state.members) // MEMBER_FIELDS, len(state.areas) // AREA_FIELDS
    counts = np.array([state.bars, 0, members, areas])
    tables = np.zeros((members + room, MEMBER_FIELDS)), np.zeros((areas + room, AREA_FIELDS))
    tables[0].flat[: len(state.members)] = state.members
    tables[1].flat[: len(state.areas)] = state.areas
    return counts, *tables


def _packed(counts: FloatGrid, members: FloatGrid, areas: FloatGrid) -> AreasState:
    bars, first, last, used = counts.tolist()
    areas[:, VERSION], areas[:, DUE] = -1, 0  # the table of versions is given away: the next bars begin another
    return AreasState(bars, tuple(members[first:last].ravel().tolist()), tuple(areas[:used].ravel().tolist()))
