"""The loops of the structure nodes: pivots, alternating swings, breaks.

`UNKNOWN` is the only negative flag, so the sign of `a | b` tells whether one of two flags is unknown.
"""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn

LOOKED = 8  # bars on each side that are compared for all rows at once


@kernel("f8[:]", "i8[:]", "i8", "i8", "i8", "f8", "i1[:]")
def _look_further(
    price: FloatColumn, centres: NDArray[np.int64], looked: int, left: int, right: int, sign: float, out: ByteColumn
) -> int:
    """Compares bars with those more than `looked` bars away; `sign` -1 turns lows into highs; `out` comes in as 1."""
    for k in range(len(centres)):
        c = np.uint64(centres[k])
        p = sign * price[c]
        for j in range(looked + 1, right + 1):
            if p < sign * price[c + np.uint64(j)]:
                out[k] = 0
                break
        for j in range(looked + 1, left + 1):
            if out[k] == 0 or p <= sign * price[c - np.uint64(j)]:
                out[k] = 0
                break
    return 0


def turns(price: FloatColumn, left: int, right: int, sign: int) -> NDArray[np.bool_]:
    """Whether row c + left is beyond the `left` rows before it and not behind the `right` rows after it.

    Beyond is above for `sign` +1 and below for -1.  The nearest bars, which rule out nine of ten, are compared for all
    rows at once: a loop would be held up by as many wrongly predicted branches.
    """
    rows = len(price) - left - right
    out = np.ones(max(rows, 0), bool)
    if rows <= 0:
        return out
    looked = min(max(left, right), LOOKED)
    for j in range(1, looked + 1):
        later, earlier = price[j:], price[:-j]
        onward = later > earlier if sign > 0 else later < earlier
        if j <= left:
            out &= onward[left - j : left - j + rows]
        if j <= right:
            np.greater(out, onward[left : left + rows], out=out)
    if looked < max(left, right):
        centres = np.flatnonzero(out) + left
        found = np.ones(len(centres), np.int8)
        _look_further(price, centres, looked, left, right, float(sign), found)
        out[centres - left] = found
    return out


@part
def take_swing(side: float, sign: float, price: float, last: float, before: float) -> tuple[int, float, float, float]:
    """Takes a pivot into the alternation: whether it is a swing, the newest side, the last swing and the one before."""
    if side != sign:
        return 1, sign, price, last
    if sign * price > sign * last:
        return 1, sign, price, before
    return 0, sign, last, before


@kernel(
    "f8[:]", "i1[:]", "i1[:]", "f8[:]", "f8[:]",
    "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]", "i1[:]", "i1[:]",
)  # fmt: skip
def run_swings(  # noqa: PLR0913  one argument per port
    memory: FloatColumn,
    is_high: ByteColumn,
    is_low: ByteColumn,
    high_price: FloatColumn,
    low_price: FloatColumn,
    high: FloatColumn,
    previous_high: FloatColumn,
    low: FloatColumn,
    previous_low: FloatColumn,
    new_high: ByteColumn,
    new_low: ByteColumn,
    newest: ByteColumn,
) -> int:
    """`memory` is the side of the newest swing (0 = none yet), last high, the one before, last low, the one before.

    The new flags come in as 0.
    """
    side, top, top_before, bottom, bottom_before = memory[0], memory[1], memory[2], memory[3], memory[4]
    said = np.int8(UNKNOWN if side == 0.0 else side)
    for i in range(len(is_high)):
        if (is_high[i] | is_low[i]) != 0:
            nameless = (is_high[i] == 1 and high_price[i] != high_price[i]) or (
                is_low[i] == 1 and low_price[i] != low_price[i]
            )
            if (is_high[i] | is_low[i]) < 0 or nameless:
                high[i] = previous_high[i] = low[i] = previous_low[i] = np.nan
                new_high[i] = new_low[i] = newest[i] = UNKNOWN
                continue
            high_first = side <= 0.0  # a bar that is both goes on with the alternation
            if is_high[i] == 1 and high_first:
                new_high[i], side, top, top_before = take_swing(side, 1.0, high_price[i], top, top_before)
            if is_low[i] == 1:
                new_low[i], side, bottom, bottom_before = take_swing(side, -1.0, low_price[i], bottom, bottom_before)
            if is_high[i] == 1 and not high_first:
                new_high[i], side, top, top_before = take_swing(side, 1.0, high_price[i], top, top_before)
            said = np.int8(side)
        high[i] = top
        previous_high[i] = top_before
        low[i] = bottom
        previous_low[i] = bottom_before
        newest[i] = said
    memory[0], memory[1], memory[2], memory[3], memory[4] = side, top, top_before, bottom, bottom_before
    return 0


@kernel(
    "f8[:]", "f8[:]", "f8[:]", "f8[:]", "i1[:]", "i1[:]", "i1[:]", "i1[:]", "i1[:]", "i1[:]", "i1[:]",
)  # fmt: skip
def run_breaks(  # noqa: PLR0913  one argument per port
    memory: FloatColumn,
    close: FloatColumn,
    high: FloatColumn,
    low: FloatColumn,
    new_high: ByteColumn,
    new_low: ByteColumn,
    bos_up: ByteColumn,
    bos_down: ByteColumn,
    choch_up: ByteColumn,
    choch_down: ByteColumn,
    direction: ByteColumn,
) -> int:
    """`memory` is direction (0 = no break yet), and whether the last swing high and low are still to be broken.

    The flags of breaks come in as 0.
    """
    side, high_whole, low_whole = memory[0], memory[1], memory[2]
    said = np.int8(UNKNOWN if side == 0.0 else side)
    for i in range(len(close)):
        high_whole = 1.0 if new_high[i] == 1 else high_whole
        low_whole = 1.0 if new_low[i] == 1 else low_whole
        x = close[i] + 0.0 * (high[i] + low[i])
        if (new_high[i] | new_low[i]) < 0 or x != x:
            bos_up[i] = bos_down[i] = choch_up[i] = choch_down[i] = direction[i] = UNKNOWN
            continue
        if (x > high[i]) & (high_whole == 1.0):
            if side < 0.0:
                choch_up[i] = 1
            else:
                bos_up[i] = 1
            side, high_whole, said = 1.0, 0.0, np.int8(1)
        elif (x < low[i]) & (low_whole == 1.0):
            if side > 0.0:
                choch_down[i] = 1
            else:
                bos_down[i] = 1
            side, low_whole, said = -1.0, 0.0, np.int8(-1)
        direction[i] = said
    memory[0], memory[1], memory[2] = side, high_whole, low_whole
    return 0


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]", "i8", "i1[:]")
def run_trend(
    high: FloatColumn,
    previous_high: FloatColumn,
    low: FloatColumn,
    previous_low: FloatColumn,
    between: int,
    out: ByteColumn,
) -> int:
    """+1 both rising, -1 both falling, `between` neither."""
    for i in range(len(out)):
        up = (high[i] > previous_high[i]) & (low[i] > previous_low[i])
        down = (high[i] < previous_high[i]) & (low[i] < previous_low[i])
        known = high[i] + previous_high[i] + low[i] + previous_low[i]
        out[i] = (1 if up else (-1 if down else between)) if known == known else UNKNOWN
    return 0
