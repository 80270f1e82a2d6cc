from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.node import Node
from engine.values import UNKNOWN, Direction, FloatColumn, Number
from nodes.kernels.prices import FloatGrid
from nodes.kernels.signals import CLOSE_TO

LEAST = 30  # z values without which there is no stop
AT_ONCE = 4096  # windows that are sorted at a time
FAR_TAIL, FAR_MORE = 0.99, 1.5  # largest deviation: that percentile of |z|, and so much on top


class LevelPorts(NamedTuple):
    """The trade in the spread with its levels, and what each level is worth in one market while the other stands."""

    direction: Direction
    entry: Number
    stop: Number
    half: Number
    target: Number
    rr: Number
    z_stop: Number
    z_most: Number
    x_stop: Number
    x_target: Number
    y_stop: Number
    y_target: Number


class Levels(Node, frozen=True, tag="spread.levels"):
    """Puts a stop and targets into the space of the spread, where alone they are valid.

    In: direction of the spread; z, mean, sigma of the spread; beta, the hedge ratio; x, y, the prices of both
    markets.
    Out: direction, the trades that are worth it: 0 where the stop is nearer than `min_distance` or the reward too
    small, unknown where fewer than 30 values of z are known; at the trades entry (the spread now), stop (mean -/+
    z_stop sigma), half (half-way to the mean), target (the mean), in quote currency; rr, reward to risk of the
    target; z_stop, the larger of z_entry + min_buffer and the percentile of past |z|; z_most, the deviation at
    which a position is closed whatever its stop. For display only: x_stop, x_target, the prices of x at which the
    spread is there while y stands, and y_stop, y_target, those of y while x stands.
    Source: DOMAIN 4.3; long spread entry mean - z sigma, stop mean - z_stop sigma; x = (y - spread) / beta.
    """

    synonyms = ("stop loss", "take profit", "z levels", "pairs trading")

    z_entry: Annotated[float, msgspec.Meta(gt=0, le=20, title="z at the entry", description="standard deviations")] = (
        2.0
    )
    min_buffer: Annotated[
        float, msgspec.Meta(gt=0, le=20, title="Least z from entry to stop", description="standard deviations")
    ] = 1.5
    percentile: Annotated[
        float, msgspec.Meta(gt=0, le=100, title="Percentile of |z|", description="percent of the past the stop clears")
    ] = 95.0
    history: Annotated[int, msgspec.Meta(ge=LEAST, le=10_000, title="History", description="bars of past z")] = 250
    min_distance: Annotated[
        float, msgspec.Meta(ge=0, le=20, title="Least z left to the stop", description="standard deviations")
    ] = 0.5
    min_rr: Annotated[float, msgspec.Meta(ge=0, le=100, title="Least reward to risk", description="0 = any")] = 1.0
    max_deviation: Annotated[
        float, msgspec.Meta(ge=0, le=100, title="Cap of the deviation", description="standard deviations; 0 = no cap")
    ] = 0.0

    def check(self) -> str | None:
        if self.max_deviation and self.max_deviation <= self.z_entry + self.min_buffer:
            return "max_deviation is not beyond the stop (z_entry + min_buffer); raise it, or 0 switches it off"
        return None

    def compute(
        self, direction: Direction, z: Number, mean: Number, sigma: Number, beta: Number, x: Number, y: Number
    ) -> LevelPorts:
        rows = np.flatnonzero(direction & 1)  # +1 and -1 are odd, 0 and UNKNOWN even
        side = direction[rows]
        far, m, s, b, x, y = (-side * z[rows], *(c[rows] for c in (mean, sigma, beta, x, y)))
        z_stop, z_most = self._stops(z, rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            rr = far / (z_stop - far)
            worth = (z_stop - far >= self.min_distance - CLOSE_TO) & (rr >= self.min_rr * (1 - CLOSE_TO))
        known = ~np.isnan(far + z_stop + z_most + m + s + b + x + y)
        out = direction.copy()
        out[rows] = np.where(known, side * worth, UNKNOWN)
        entry, stop, half = (m - side * d * s for d in (far, z_stop, far / 2))
        levels = (entry, stop, half, m, rr, z_stop, z_most, *self._prices(stop, m, b, x, y))
        table = np.full((len(levels), len(direction)), np.nan)
        taken = known & worth
        table[:, rows[taken]] = [column[taken] for column in levels]
        return LevelPorts(out, *table)

    def _stops(self, z: Number, rows: NDArray[np.intp]) -> FloatGrid:
        """Distance in z of the stop and of the largest deviation at some rows; unknown where a cap is inside."""
        before = np.concatenate([np.full(self.history, np.nan), np.abs(z)])
        windows = np.lib.stride_tricks.sliding_window_view(before, self.history)
        out = np.empty((2, len(rows)))
        for start in range(0, len(rows), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            out[:, part] = _percentiles(windows[rows[part] + 1], self.percentile / 100, FAR_TAIL)
        out[0] = np.maximum(out[0], self.z_entry + self.min_buffer)
        out[1] = np.maximum(out[1], self.z_entry) + FAR_MORE
        if self.max_deviation:
            out[1] = np.minimum(out[1], self.max_deviation)
            out[:, out[0] >= self.max_deviation] = np.nan
        return out

    @staticmethod
    def _prices(stop: Number, target: Number, beta: Number, x: Number, y: Number) -> tuple[FloatColumn, ...]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (y - stop) / beta, (y - target) / beta, stop + beta * x, target + beta * x

    def lookback(self) -> int:
        return self.history


def _percentiles(windows: FloatGrid, *shares: float) -> FloatGrid:
    """Values below which shares of the known values of each window lie, linear between neighbours; NaN below 30."""
    ordered = np.sort(windows, axis=1)  # unknown ones come last
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    enough, each = last >= LEAST - 1, np.arange(len(ordered))
    out = np.full((len(shares), len(ordered)), np.nan)
    for row, share in zip(out, shares, strict=True):
        place = np.maximum(share * last, 0)
        low = place.astype(np.int64)
        a, b = ordered[each, low], ordered[each, np.minimum(low + 1, np.maximum(last, 0))]
        row[enough] = (a + (place - low) * (b - a))[enough]
    return out
