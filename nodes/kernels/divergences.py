"""The loop of the divergence node."""

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn
from nodes.kernels.prices import FloatGrid

# what the memory holds of the last pivot of a kind: bars since it (-1 = none), its price, the oscillator there
AGE, PRICE, VALUE = range(3)


@part
def compared(side: float, memory: FloatGrid, k: int, price: float, value: float, limits: FloatColumn) -> int:
    """A pivot against the one before it: 1 regular, 2 hidden, 0 none, UNKNOWN where a value is.

    `side` is +1 at lows, -1 at highs; `limits`: bars apart at most, difference of the oscillator at least.
    """
    if memory[k, AGE] < 0.0 or memory[k, AGE] > limits[0]:
        return 0
    moved, swung = side * (price - memory[k, PRICE]), side * (value - memory[k, VALUE])
    if moved != moved or swung != swung:
        return UNKNOWN
    if moved < 0.0 and swung > 0.0 and swung >= limits[1]:
        return 1
    if moved > 0.0 and swung < 0.0 and -swung >= limits[1]:
        return 2
    return 0


@part
def remembered(now: int, held: FloatGrid, r: int, bars: float) -> int:
    """The direction of a bar, or the last one before it for as long as it counts; `held` has it and the bars left."""
    left = held[r, 1]
    held[r, 1] = left - 1.0 if left > 0.0 else 0.0
    if abs(now) == 1:
        held[r, 0], held[r, 1] = float(now), bars - 1.0
        return now
    return int(held[r, 0]) if now == 0 and left > 0.0 else now


@kernel("i1[:,:]", "f8[:,:]", "f8[:]", "f8[:]", "f8[:,:]", "f8[:,:]", "i1[:,:]")
def run_divergences(
    found: ByteColumn,
    levels: FloatGrid,
    value: FloatColumn,
    limits: FloatColumn,
    memory: FloatGrid,
    held: FloatGrid,
    out: ByteColumn,
) -> int:
    """Rows of `out` and `held`: regular and hidden divergence; of inputs and `memory`: pivot lows, pivot highs.

    `value` is the oscillator at the bar the pivot would be at.  An unknown pivot is none that later ones are compared
    with.
    """
    for i in range(len(value)):
        out[0, i] = out[1, i] = 0
        for k in range(2):
            if memory[k, AGE] >= 0.0:
                memory[k, AGE] += 1.0
            if found[k, i] == 1:
                side = 1 if k == 0 else -1
                kind = compared(float(side), memory, k, levels[k, i], value[i], limits)
                memory[k, AGE], memory[k, PRICE], memory[k, VALUE] = 0.0, levels[k, i], value[i]
            else:
                side, kind = 0, (0 if found[k, i] == 0 else UNKNOWN)
            for r in range(2):
                if kind == UNKNOWN or out[r, i] == UNKNOWN:
                    out[r, i] = UNKNOWN
                elif kind == r + 1:
                    out[r, i] += side
        for r in range(2):
            out[r, i] = remembered(int(out[r, i]), held, r, limits[2])
    return 0
