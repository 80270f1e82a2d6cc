"""Price areas over time: support and resistance, areas of interest, value areas."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn, TimeColumn

RowColumn = NDArray[np.int64]
COLUMNS = ("since", "until", "low", "high", "kind", "touches", "score", "born")


class Zone(msgspec.Struct, frozen=True):
    """An area as it is known at one bar; fields as in `Zones`."""

    low: float
    high: float
    kind: int
    touches: int
    score: float
    born: int


class Zones(msgspec.Struct, frozen=True, kw_only=True):
    """A table of versions of areas over `rows` bars, ordered by `since`, then `low`, `high`, `kind`.

    A version holds from row `since` on, up to but not including row `until`; one that still holds at the last bar has
    `until` = `rows`.  Whatever changes about an area, a touch or its bounds, ends a version and begins the next, so a
    row of the table never tells more than was known at its bars: cutting the history at bar t gives the versions with
    `since` < t, their `until` cut to t.

    low, high  bounds in quote currency, low <= high
    kind       int8, +1 support, -1 resistance, 0 either
    touches    number of distinct visits so far
    score      0 or more, the higher the better
    born       closing instant (ms UTC) of the bar from which on the area was known
    """

    rows: int
    since: RowColumn
    until: RowColumn
    low: FloatColumn
    high: FloatColumn
    kind: NDArray[np.int8]
    touches: NDArray[np.int64]
    score: FloatColumn
    born: TimeColumn

    def __len__(self) -> int:
        return self.rows

    def at(self, row: int) -> tuple[Zone, ...]:
        """The areas that hold at a bar, ordered by their bounds."""
        last = int(np.searchsorted(self.since, row, side="right"))
        here = np.flatnonzero(self.until[:last] > row)
        here = here[np.lexsort((self.kind[here], self.high[here], self.low[here]))]
        return tuple(
            Zone(
                float(self.low[i]), float(self.high[i]), int(self.kind[i]), int(self.touches[i]),
                float(self.score[i]), int(self.born[i]),
            )
            for i in here
        )  # fmt: skip

    def part(self, start: int, stop: int) -> "Zones":
        """Rows `start` to `stop`."""
        return self.moved(np.maximum(self.since - start, 0), np.minimum(self.until, stop) - start, stop - start)

    def moved(self, since: RowColumn, until: RowColumn, rows: int) -> "Zones":
        """The same areas on other bars; versions that hold at none of them are left out."""
        keep = since < until
        return make_zones(rows, since[keep], until[keep], *(getattr(self, name)[keep] for name in COLUMNS[2:]))


def make_zones(  # noqa: PLR0913  a table has as many columns
    rows: int,
    since: RowColumn,
    until: RowColumn,
    low: FloatColumn,
    high: FloatColumn,
    kind: NDArray[np.int8],
    touches: NDArray[np.int64],
    score: FloatColumn,
    born: TimeColumn,
) -> Zones:
    """A table in its order from columns in any."""
    order = np.lexsort((kind, high, low, since))
    return Zones(
        rows=rows,
        since=np.asarray(since[order], np.int64),
        until=np.asarray(until[order], np.int64),
        low=np.asarray(low[order], np.float64),
        high=np.asarray(high[order], np.float64),
        kind=np.asarray(kind[order], np.int8),
        touches=np.asarray(touches[order], np.int64),
        score=np.asarray(score[order], np.float64),
        born=np.asarray(born[order], np.int64),
    )


def no_zones(rows: int) -> Zones:
    """A history without any area."""
    empty = np.zeros(0)
    return make_zones(rows, *(empty,) * 8)  # pyright: ignore[reportArgumentType]  converted by `make_zones`
