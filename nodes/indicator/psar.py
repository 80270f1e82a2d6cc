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
def first_side(high: float, low: float, high_before: float, low_before: float) -> float:
    """Direction of the first trade: short if the second bar reached further down than up."""
    drop = low_before - low
    return -1.0 if drop > 0.0 and drop > high - high_before else 1.0


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
    """The stop from bar to bar; all prices are taken times `side`, so that a short trade reads like a long one."""
    seen, low_before, high_before, side = memory[0], memory[1], memory[2], memory[3]
    stop, best, speed = memory[4], memory[5], memory[6]
    for i in range(len(line)):
        line[i] = np.nan
        direction[i] = UNKNOWN
        if not (known(high[i]) and known(low[i])):
            seen = 0.0
            continue
        if seen == 1.0:
            side = first_side(high[i], low[i], high_before, low_before)
            stop = low_before if side > 0.0 else -high_before
            best = high[i] if side > 0.0 else -low[i]
            low_before, high_before, speed = low[i], high[i], step
        if seen >= 1.0:
            near, far = (low[i], high[i]) if side > 0.0 else (-high[i], -low[i])
            near_before, far_before = (low_before, high_before) if side > 0.0 else (-high_before, -low_before)
            if near <= stop:
                stop = max(best, far_before, far)
                line[i] = side * stop
                stop = -max(stop + step * (near - stop), far_before, far)
                side, best, speed = -side, -near, step
            else:
                line[i] = side * stop
                speed = min(speed + step, top) if far > best else speed
                best = max(best, far)
                stop = min(stop + speed * (best - stop), near_before, near)
            direction[i] = 1 if side > 0.0 else -1
        seen = min(seen + 1.0, 2.0)
        low_before, high_before = low[i], high[i]
    memory[0], memory[1], memory[2], memory[3] = seen, low_before, high_before, side
    memory[4], memory[5], memory[6] = stop, best, speed
    return 0


class PsarState(msgspec.Struct, frozen=True):
    """Bars seen (2 = enough), low and high before, direction, stop and best price times direction, acceleration."""

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
