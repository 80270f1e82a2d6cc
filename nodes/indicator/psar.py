"""Parabolic stop and reverse."""

from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.node import Fold
from engine.values import UNKNOWN, ByteColumn, Candles, Direction, Number
from nodes.kernels.memory import unpack
from nodes.kernels.prices import known


@part
def begin(memory: FloatColumn, high: float, low: float) -> None:
    """Second bar: short if it reached further down than up, the stop is the opposite extreme of the first bar."""
    drop = memory[1] - low
    short = drop > 0.0 and drop > high - memory[2]
    memory[3] = -1.0 if short else 1.0
    memory[4] = memory[2] if short else memory[1]
    memory[5] = low if short else high
    memory[1], memory[2] = low, high


@part
def move(
    memory: FloatColumn, side: float, near: float, far: float, near_before: float, step: float, top: float
) -> float:
    """One bar of a trade of direction `side`; returns its stop and leaves that of the next bar in memory.

    Prices are taken times `side`, so that a short trade reads like a long one: `near` is the extreme on the side of the
    stop, `far` the other one.
    """
    stop, best = side * memory[4], side * memory[5]
    if far > best:
        best = far
        memory[6] = min(memory[6] + step, top)
    following = stop + memory[6] * (best - stop)
    memory[4] = side * min(following, near_before, near)
    memory[5] = side * best
    return side * stop


@part
def reverse(memory: FloatColumn, side: float, near: float, far: float, far_before: float, step: float) -> float:
    """The bar that hits the stop: the new stop is the best price of the trade, beyond both last bars."""
    stop = max(side * memory[5], far_before, far)
    following = stop + step * (near - stop)
    memory[3] = -side
    memory[4] = side * max(following, far_before, far)
    memory[5] = side * near
    memory[6] = step
    return side * stop


@kernel("f8[:]", "f8", "f8", "f8[:]", "f8[:]", "f8[:]", "i1[:]")
def trail(
    memory: FloatColumn,
    step: float,
    top: float,
    high: FloatColumn,
    low: FloatColumn,
    line: FloatColumn,
    direction: ByteColumn,
) -> int:
    """Memory: bars seen, low and high of the bar before, direction, stop, best price of the trade, acceleration."""
    for i in range(len(line)):
        line[i] = np.nan
        direction[i] = UNKNOWN
        if not (known(high[i]) and known(low[i])):
            memory[0] = 0.0
            continue
        if memory[0] == 1.0:
            begin(memory, high[i], low[i])
            memory[6] = step
        if memory[0] >= 1.0:
            side = memory[3]
            long = side > 0.0
            near, far = (low[i], high[i]) if long else (-high[i], -low[i])
            near_before, far_before = (memory[1], memory[2]) if long else (-memory[2], -memory[1])
            if near <= side * memory[4]:
                line[i] = reverse(memory, side, near, far, far_before, step)
            else:
                line[i] = move(memory, side, near, far, near_before, step, top)
            direction[i] = 1 if memory[3] > 0.0 else -1
        memory[0] = 2.0 if memory[0] >= 1.0 else 1.0
        memory[1], memory[2] = low[i], high[i]
    return 0


class PsarState(msgspec.Struct, frozen=True):
    """Bars seen (2 = enough), low and high before, direction, stop, best price of the trade, acceleration."""

    seen: float = 0.0
    low: float = 0.0
    high: float = 0.0
    direction: float = 0.0
    stop: float = 0.0
    best: float = 0.0
    acceleration: float = 0.0


class PsarLines(NamedTuple):
    """The stop, and the direction of the trade it belongs to."""

    line: Number
    direction: Direction


class Psar(Fold, tag="indicator.psar", frozen=True):
    """Parabolic stop and reverse: a trailing stop that moves faster with every new extreme and turns when it is hit.

    In: candles.
    Out: line in quote currency, direction +1 (line below) or -1 (above) after this bar; NaN and unknown on the first
    bar.  A NaN bar gives NaN and unknown, and everything starts anew after it.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; equals TA-Lib SAR.
    """

    step_size: Annotated[float, Meta(gt=0, le=1, title="Step", description="acceleration per new extreme")] = 0.02
    maximum: Annotated[float, Meta(gt=0, le=1, title="Maximum", description="acceleration")] = 0.2

    State = PsarState

    def check(self) -> str | None:
        return None if self.step_size <= self.maximum else "The step must not exceed the maximum."

    def lookback(self) -> int:
        # the start is forgotten at a turn; with the usual acceleration 100 bars have some
        return 100

    def step(self, state: PsarState, candles: Candles) -> tuple[PsarState, PsarLines]:
        n, memory = len(candles), unpack(state)
        lines = PsarLines(np.empty(n), np.empty(n, np.int8))
        trail(memory, self.step_size, self.maximum, candles.high, candles.low, *lines)
        return PsarState(*memory.tolist()), lines
