"""How fast a number usually moves, which makes distances of an RSI and of a price comparable (docs/explain.md)."""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel

WINDOW = 100  # bars


def usual_move(column: FloatColumn) -> FloatColumn:
    """Per bar the median absolute change from bar to bar over the last `WINDOW` bars, this one included.

    Where the median is 0, of numbers that rest most of the time, it is the mean, and NaN where nothing moved or nothing
    was known.  Changes from or to an unknown value do not count.
    """
    changes = np.full(len(column), np.nan)
    changes[1:] = np.abs(np.diff(column))
    changes[~np.isfinite(changes)] = np.nan
    out = np.empty(len(column))
    _median(changes, WINDOW, np.empty(WINDOW), out)
    return out


@kernel("f8[:]", "i8", "f8[:]", "f8[:]")
def _median(changes: FloatColumn, window: int, held: FloatColumn, out: FloatColumn) -> int:
    """Running median by insertion into a sorted window; `held` is room for it."""
    count = 0
    for i in range(len(changes)):
        if i >= window and changes[i - window] == changes[i - window]:
            leaving, at = changes[i - window], 0
            while held[at] != leaving:
                at += 1
            for k in range(at, count - 1):
                held[k] = held[k + 1]
            count -= 1
        if changes[i] == changes[i]:
            at = count
            while at > 0 and held[at - 1] > changes[i]:
                held[at] = held[at - 1]
                at -= 1
            held[at] = changes[i]
            count += 1
        found = np.nan
        if count > 0:
            found = 0.5 * (held[(count - 1) // 2] + held[count // 2])
            if found == 0.0:
                total = 0.0
                for k in range(count):
                    total += held[k]
                found = total / count if total > 0.0 else np.nan
        out[i] = found
    return 0
