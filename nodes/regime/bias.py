from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.needs import AllOf, Compare, Goal, Measure, Need, Seen
from engine.node import Node
from engine.values import UNKNOWN, Candles, Direction, FloatColumn, Number
from nodes.kernels.prices import solid
from nodes.kernels.smoothing import ema_alpha, smooth
from nodes.kernels.windows import moving_average


class BiasPorts(NamedTuple):
    """The side to trade, how far the market is on it, and the average it is measured by."""

    out: Direction
    strength: Number
    slope: Number
    ema: Number


class Bias(Node, frozen=True, tag="regime.bias"):
    """The side of the market: whether it closes above or below a slow average, and whether that rises or falls.

    In: candles, best those of a higher timeframe.
    Out: +1 where the close is more than `dead_band` above the average and, if told so, the average does not fall, -1
    mirrored, else 0; strength, |close - average| / average, 0.01 = 1 percent; slope, change of the average per bar over
    the last `slope_bars` as a share of it; ema, the average in quote currency. The average is exponential, over the
    last `history` times `length` closes or as many as there are, its seed the mean of the first `length` of them: an
    average without end would need a dozen lengths until the bars it began with no longer tell. Unknown before `length`
    closes are there in a row, and out and slope for `slope_bars` more.
    """

    synonyms = ("trend", "higher timeframe", "top down", "ema 200", "direction", "market side")

    length: Annotated[int, Meta(ge=1, le=5000, title="Length", description="bars of the average")] = 200
    history: Annotated[
        int, Meta(ge=2, le=20, title="History", description="lengths of the average that count, its seed included")
    ] = 3
    dead_band: Annotated[
        float, Meta(ge=0, lt=100, title="Dead band", description="percent of the average on each side that are neutral")
    ] = 0.0
    slope_bars: Annotated[int, Meta(ge=1, le=1000, title="Slope over", description="bars")] = 5
    with_slope: Annotated[
        bool, Meta(title="Slope must agree", description="no side while the average moves against it")
    ] = True

    def compute(self, candles: Candles) -> BiasPorts:
        close, ema = candles.close, self._average(candles.close)
        slope = np.full(len(ema), np.nan)
        before = ema[: -self.slope_bars]
        slope[self.slope_bars :] = (ema[self.slope_bars :] / before - 1.0) / self.slope_bars
        band = self.dead_band / 100
        up, down = close > ema * (1 + band), close < ema * (1 - band)
        if self.with_slope:
            up, down = up & (slope >= 0), down & (slope <= 0)
        out = up.view(np.int8) - down.view(np.int8)
        out[np.isnan(slope)] = UNKNOWN
        return BiasPorts(out, np.abs(close - ema) / ema, slope, ema)

    def lookback(self) -> int:
        return self.history * self.length + self.slope_bars

    def _average(self, close: FloatColumn) -> FloatColumn:
        """The average of so many closes: the endless one, with a newer seed in place of what came before it."""
        endless, after = np.empty(len(close)), (self.history - 1) * self.length
        smooth(solid(close), self.length, ema_alpha(self.length), endless)
        rows = np.arange(len(close))
        hole = np.maximum.accumulate(np.where(np.isnan(endless), rows, -1)) if len(rows) else rows
        old = np.flatnonzero(rows - hole > after)
        seed = moving_average(close, self.length)[old - after]
        out = endless.copy()
        out[old] += (1.0 - ema_alpha(self.length)) ** after * (seed - endless[old - after])
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if goal not in (1, -1):
            return None
        above = goal == 1
        band = 1 + int(goal) * self.dead_band / 100
        close = Measure(
            name="close against the average", value=seen.column("candles").close, relation=">" if above else "<",
            level=seen.column("ema") * band,
        )  # fmt: skip
        slope = Compare(a="slope", relation=">=" if above else "<=", level=0.0)
        return AllOf((close, slope)) if self.with_slope else close
