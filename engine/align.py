"""The closed-bar join between two clocks."""

import numpy as np
from numpy.typing import NDArray

from engine.candles import TimeColumn
from engine.kernel import kernel


def asof_close(source_close: TimeColumn, target_close: TimeColumn) -> NDArray[np.int64]:
    """For each target bar the index of the latest source bar that is closed by then, -1 = none.

    Both columns are closing instants in ms UTC, ascending. A source bar that closes at the very instant the
    target bar closes is known; one that closes a millisecond later is not.
    """
    out = np.empty(len(target_close), np.int64)
    _merge(np.ascontiguousarray(source_close), np.ascontiguousarray(target_close), out)
    return out


@kernel("i8[:]", "i8[:]", "i8[:]")
def _merge(source, target, out):  # type: ignore[no-untyped-def]
    taken = 0
    for i in range(len(target)):
        while taken < len(source) and source[taken] <= target[i]:
            taken += 1
        out[i] = taken - 1
    return 0
