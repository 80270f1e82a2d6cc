"""What joining another clock shares: columns taken at the rows of the latest closed bars."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.values import UNKNOWN

Rows = NDArray[np.int64]


def first_known(at: Rows) -> int:
    """The first bar that has a closed source bar; `at` ascends and is -1 before."""
    return int(np.searchsorted(at, 0))


def taken_bytes(column: Any, at: Rows) -> Any:
    """A flag, direction or code column at the rows of another clock, unknown where the row is -1."""
    if not len(column):
        return np.full(len(at), UNKNOWN, np.int8)
    out = column[at]  # -1 picks a wrong value, which is overwritten
    out[: first_known(at)] = UNKNOWN
    return out
