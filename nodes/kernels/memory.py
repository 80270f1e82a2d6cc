"""What folds share: their state as an array that a kernel updates, and sums that never lose a small term."""

import msgspec
import numpy as np

from engine.candles import FloatColumn
from engine.kernel import part


def unpack(state: msgspec.Struct) -> FloatColumn:
    """The fields of a state, all floats, as an array (a copy)."""
    return np.array(msgspec.structs.astuple(state), np.float64)


@part
def add(total: float, lost: float, x: float) -> tuple[float, float]:
    """Adds x to a compensated sum, the value of which is total + lost (Knuth's two-sum, 1969)."""
    new = total + x
    taken = new - total
    return new, lost + ((total - (new - taken)) + (x - taken))
