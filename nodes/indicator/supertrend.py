"""Supertrend."""

from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.node import Fold
from engine.values import UNKNOWN, ByteColumn, Candles, Direction, Number
from nodes.kernels.memory import unpack
from nodes.kernels.prices import FloatGrid, known, range_with_gap
from nodes.kernels.smoothing import advance, settled


@part
def turn(memory: FloatColumn, upper: float, lower: float, close: float, first: bool) -> None:
    """The bands may only close in until the close before went through them; the trend turns when the close does."""
    before = memory[5]
    if first:
        memory[4] = -1.0
    else:
        if not (lower > memory[3] or before < memory[3]):
            lower = memory[3]
        if not (upper < memory[2] or before > memory[2]):
            upper = memory[2]
        if memory[4] < 0.0:
            memory[4] = 1.0 if close > upper else -1.0
        else:
            memory[4] = -1.0 if close < lower else 1.0
    memory[2], memory[3] = upper, lower


@kernel("f8[:]", "i8", "f8", "f8[:]", "f8[:]", "f8[:]", "i1[:]", "f8[:,:]")
def follow(
    memory: FloatColumn,
    length: int,
    multiple: float,
    high: FloatColumn,
    low: FloatColumn,
    close: FloatColumn,
    direction: ByteColumn,
    out: FloatGrid,
) -> int:
    """Rows of `out`: line, upper, lower.  Memory: bars seen, average true range, bands, direction, close before."""
    for i in range(len(direction)):
        out[0, i] = out[1, i] = out[2, i] = np.nan
        direction[i] = UNKNOWN
        if not (known(high[i]) and known(low[i]) and known(close[i])):
            memory[0] = 0.0
            continue
        k = int(memory[0])
        if k > 0:
            span = range_with_gap(high[i], low[i], memory[5])
            memory[1] = advance(memory[1], span, k, length, 1.0 / length)
        if k >= length:
            middle = (high[i] + low[i]) / 2.0
            width = multiple * memory[1]
            turn(memory, middle + width, middle - width, close[i], k == length)
            out[1, i], out[2, i] = memory[2], memory[3]
            direction[i] = 1 if memory[4] > 0.0 else -1
            out[0, i] = memory[3] if memory[4] > 0.0 else memory[2]
        memory[0] = k + 1.0
        memory[5] = close[i]
    return 0


class SupertrendState(msgspec.Struct, frozen=True):
    """Bars seen, average true range, bands (quote currency), direction and the close before."""

    seen: float = 0.0
    width: float = 0.0
    upper: float = 0.0
    lower: float = 0.0
    direction: float = 0.0
    before: float = 0.0


class SupertrendLines(NamedTuple):
    """The line on the side of the trend, the trend, and both bands."""

    line: Number
    direction: Direction
    upper: Number
    lower: Number


class Supertrend(Fold, tag="indicator.supertrend", frozen=True):
    """Supertrend: a band of average true ranges below an up-trend or above a down-trend that only moves with the trend.

    In: candles.
    Out: line, upper, lower in quote currency, direction +1 or -1; NaN and unknown for the first `length` bars, then a
    down-trend is assumed until the close is above the upper band.  A NaN bar gives NaN and unknown, and everything
    starts anew after it.
    Source: Olivier Seban; rule as published in TradingView's Pine reference (ta.supertrend), average after Wilder 1978.
    """

    length: Annotated[int, Meta(ge=1, le=5000, title="ATR length", description="bars")] = 10
    multiple: Annotated[float, Meta(gt=0, le=100, title="Width", description="average true ranges")] = 3.0

    State = SupertrendState

    def lookback(self) -> int:
        # the average true range has settled; which side the line is on is certain from the first turn on
        return 1 + self.length + settled(1 / self.length)

    def step(self, state: SupertrendState, candles: Candles) -> tuple[SupertrendState, SupertrendLines]:
        memory, direction, out = unpack(state), np.empty(len(candles), np.int8), np.empty((3, len(candles)))
        follow(memory, self.length, self.multiple, candles.high, candles.low, candles.close, direction, out)
        return SupertrendState(*memory.tolist()), SupertrendLines(out[0], direction, out[1], out[2])
