"""The loop of the two-phase entry: a setup, and what the bars after it make of it."""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn
from nodes.kernels.prices import FloatGrid, known

NONE, SETUP, CONFIRMED, EXPIRED, INVALIDATED = range(5)
STATES = ("none", "setup", "confirmed", "expired", "invalidated")
# what the memory holds: side of the setup that waits (0 = none), bars it may still wait, high and low of its bar
SIDE, LEFT, HIGH, LOW = range(4)


@part
def judged(memory: FloatColumn, h: float, w: float, c: float) -> int:
    """What a bar makes of the setup that waits.

    The close is the last price of a bar, so an extreme that the bar broke was broken before it.
    """
    if memory[SIDE] > 0.0:
        broken, beyond = w < memory[LOW], c > memory[HIGH]
    else:
        broken, beyond = h > memory[HIGH], c < memory[LOW]
    if broken:
        return INVALIDATED
    if beyond:
        return CONFIRMED
    return EXPIRED if memory[LEFT] <= 1.0 else SETUP


@kernel("f8[:,:]", "i1[:]", "i8", "i8", "f8[:]", "i1[:,:]", "f8[:,:]")
def run_setups(
    prices: FloatGrid,
    direction: ByteColumn,
    bars: int,
    renew: int,
    memory: FloatColumn,
    said: ByteColumn,
    out: FloatGrid,
) -> int:
    """Rows of `said`: confirmed side, state, side of the setup, whether one started; of `out`: high, low, bars left.

    `prices`: high, low, close.  A setup whose fate an unknown bar hides is forgotten.
    """
    for i in range(len(direction)):
        h, w, c = prices[0, i], prices[1, i], prices[2, i]
        for r in range(3):
            out[r, i] = np.nan
        if not (known(h) and known(w) and known(c)):
            memory[SIDE] = 0.0
            for r in range(4):
                said[r, i] = UNKNOWN
            continue
        state, side = NONE, memory[SIDE]
        if side != 0.0:
            state = judged(memory, h, w, c)
            memory[LEFT] -= 1.0
            out[0, i], out[1, i], out[2, i] = memory[HIGH], memory[LOW], memory[LEFT] if state == SETUP else 0.0
            if state != SETUP:
                memory[SIDE] = 0.0
        said[0, i] = int(side) if state == CONFIRMED else 0
        wanted = direction[i]
        started = abs(int(wanted)) == 1 and (memory[SIDE] == 0.0 or renew == 1 or wanted != memory[SIDE])
        said[3, i] = 1 if started else (UNKNOWN if wanted == UNKNOWN else 0)
        if started:
            memory[SIDE], memory[LEFT], memory[HIGH], memory[LOW] = float(wanted), float(bars), h, w
            if state <= SETUP:  # nothing ended at this bar
                state, side = SETUP, float(wanted)
                out[0, i], out[1, i], out[2, i] = h, w, float(bars)
        hidden = state == NONE and wanted == UNKNOWN
        said[1, i] = UNKNOWN if hidden else state
        said[2, i] = UNKNOWN if hidden else int(side)
    return 0
