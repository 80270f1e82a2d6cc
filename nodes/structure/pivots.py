from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, Candles, Flag, FloatColumn, Number
from nodes.kernels.structure import turns


class PivotPorts(NamedTuple):
    """Confirmed pivots, and the prices of the bar that is now `right` bars old."""

    high: Flag
    low: Flag
    high_price: Number
    low_price: Number


class Pivots(Node, frozen=True, tag="structure.pivots"):
    """Turning points: bars that are higher, or lower, than those around them.

    In: candles.
    Out: high and low, flags, true at the bar that confirms a pivot, which is `right` bars after it: it is higher than
    the `left` bars before it and not lower than the `right` bars after it (of equal bars the earliest), a low likewise;
    high_price and low_price (quote currency), of the bar `right` bars ago at every bar, pivot or not. Unknown in the
    first bars and where one of those bars is unknown.
    """

    synonyms = ("fractal", "swing point", "peak", "trough", "turning point", "local extreme", "pivothigh", "pivotlow")

    left: Annotated[int, msgspec.Meta(ge=1, le=1000, title="Left", description="bars before the pivot")] = 3
    right: Annotated[
        int, msgspec.Meta(ge=1, le=1000, title="Right", description="bars after it, until it is confirmed")
    ] = 3
    basis: Annotated[
        Literal["wick", "body"],
        msgspec.Meta(title="Basis", description="high and low of the bars, or the ends of their bodies"),
    ] = "wick"

    def compute(self, candles: Candles) -> PivotPorts:
        top, bottom = candles.high, candles.low
        if self.basis == "body":
            top, bottom = np.maximum(candles.open, candles.close), np.minimum(candles.open, candles.close)
        rows, first = len(candles), self.left + self.right
        high, low = np.empty(rows, np.int8), np.empty(rows, np.int8)
        high[:first] = low[:first] = UNKNOWN
        high[first:] = turns(top, self.left, self.right, 1)
        low[first:] = turns(bottom, self.left, self.right, -1)
        self._hide(top, high)
        self._hide(bottom, low)
        return PivotPorts(high, low, self._late(top), self._late(bottom))

    def _hide(self, price: FloatColumn, flag: ByteColumn) -> None:
        """Makes flags unknown whose window has a price that is."""
        for row in np.flatnonzero(np.isnan(price)):
            flag[row : row + self.left + self.right + 1] = UNKNOWN

    def _late(self, price: FloatColumn) -> FloatColumn:
        out = np.empty(len(price))
        out[: self.right] = np.nan
        out[self.right :] = price[: -self.right]
        return out

    def lookback(self) -> int:
        return self.left + self.right + 1
