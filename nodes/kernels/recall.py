"""The loops of the memory nodes.

`state` is a one-element array, read before the first row and written after the last.  An unknown flag gives an
unknown row; what it does to the memory differs and stands at each kernel.
"""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn

State = NDArray[np.int64]


@kernel("i1[:]", "i1[:]", "i8[:]", "i1[:]")
def run_latch(put: ByteColumn, reset: ByteColumn, state: State, out: ByteColumn) -> int:
    """Kleene's `not reset and (put or held)`: an unknown flag leaves the latch unknown until one decides."""
    held = state[0]
    for i in range(len(put)):
        if put[i] == 1:
            held = 1
        elif put[i] == UNKNOWN and held == 0:
            held = UNKNOWN
        if reset[i] == 1:
            held = 0
        elif reset[i] == UNKNOWN and held == 1:
            held = UNKNOWN
        out[i] = held
    state[0] = held
    return 0


@kernel("i1[:]", "i1[:]", "i8[:]", "f8[:]")
def run_counter(flag: ByteColumn, reset: ByteColumn, state: State, out: FloatColumn) -> int:
    """Counts known true bars; an unknown bar leaves the count as it is."""
    count = state[0]
    for i in range(len(flag)):
        if reset[i] == 1:
            count = 0
            out[i] = 0.0
            continue
        if flag[i] == 1:
            count += 1
        out[i] = np.nan if flag[i] == UNKNOWN or reset[i] == UNKNOWN else count
    state[0] = count
    return 0


@kernel("i1[:]", "i8", "i8[:]", "i1[:]")
def run_cooldown(flag: ByteColumn, bars: int, state: State, out: ByteColumn) -> int:
    """Time goes on in unknown bars."""
    left = state[0]
    for i in range(len(flag)):
        if left > 0:
            left -= 1
            out[i] = 0
            continue
        out[i] = flag[i]
        if flag[i] == 1:
            left = bars
    state[0] = left
    return 0


@kernel("i1[:]", "i8[:]", "f8[:]")
def run_bars_since(flag: ByteColumn, state: State, out: FloatColumn) -> int:
    """`state` is -1 before the first true bar; time goes on in unknown bars."""
    since = state[0]
    for i in range(len(flag)):
        if flag[i] == 1:
            since = 0
        elif since >= 0:
            since += 1
        out[i] = np.nan if since < 0 or flag[i] == UNKNOWN else since
    state[0] = since
    return 0


@kernel("i1[:]", "i8", "i1[:]")
def run_within(flag: ByteColumn, bars: int, out: ByteColumn) -> int:
    """What was before the first bar is not known."""
    last_true, last_unknown = -1 - bars, -1
    for i in range(len(flag)):
        if flag[i] == 1:
            last_true = i
        elif flag[i] == UNKNOWN:
            last_unknown = i
        if i - last_true <= bars:
            out[i] = 1
        else:
            out[i] = UNKNOWN if i - last_unknown <= bars else 0
    return 0


@kernel("f8[:]", "i1[:]", "f8[:]", "f8[:]")
def run_hold(a: FloatColumn, flag: ByteColumn, state: FloatColumn, out: FloatColumn) -> int:
    """An unknown flag might have taken another number, so that none is known until the next true one."""
    held = state[0]
    for i in range(len(out)):
        if flag[i] == 1:
            held = a[i]
        elif flag[i] == UNKNOWN:
            held = np.nan
        out[i] = held
    state[0] = held
    return 0
