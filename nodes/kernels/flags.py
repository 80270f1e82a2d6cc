"""Three-valued flags: building them, and Kleene's logic."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn, FloatColumn, is_unknown
from nodes.kernels.prices import solid


def to_flag(truth: NDArray[np.bool_], *inputs: Any) -> ByteColumn:
    """A flag column from a fresh truth column; unknown where one of the inputs is."""
    out = truth.view(np.int8)
    for column in inputs:
        out[is_unknown(column)] = UNKNOWN
    return out


def to_change_flag(truth: NDArray[np.bool_], bars: int, *inputs: Any) -> ByteColumn:
    """A flag column from truths about row t and row t - `bars`, of which the first is row `bars`.

    Unknown in the rows before that and where one of the inputs is unknown at either row.
    """
    rows = len(inputs[0])
    out = np.full(rows, UNKNOWN, np.int8)
    out[bars:] = truth
    for column in inputs:
        unknown = is_unknown(column)
        out[unknown] = UNKNOWN
        out[bars:][unknown[: max(rows - bars, 0)]] = UNKNOWN
    return out


@kernel("f8[:]", "f8[:]", "i1[:]")
def _cross(a: FloatColumn, b: FloatColumn, out: ByteColumn) -> int:
    for i in range(1, len(out)):
        known = a[i] == a[i] and b[i] == b[i] and a[i - 1] == a[i - 1] and b[i - 1] == b[i - 1]
        out[i] = (1 if a[i] > b[i] and a[i - 1] <= b[i - 1] else 0) if known else UNKNOWN
    return 0


def crosses(a: FloatColumn, b: FloatColumn) -> ByteColumn:
    """Where a goes from below b, or from b itself, to above b; unknown at row 0 and where one of the four is."""
    out = np.empty(len(a), np.int8)
    out[:1] = UNKNOWN
    _cross(solid(a), solid(b), out)
    return out


def both(a: ByteColumn, b: ByteColumn) -> ByteColumn:
    """Kleene's and: false if one is false, else unknown if one is unknown."""
    out = np.minimum(a, b)
    out[(a == 0) | (b == 0)] = 0
    return out


def either(a: ByteColumn, b: ByteColumn) -> ByteColumn:
    """Kleene's or: true if one is true, else unknown if one is unknown."""
    out = np.minimum(a, b)
    out[(a == 1) | (b == 1)] = 1
    return out


def negate(a: ByteColumn) -> ByteColumn:
    """Kleene's not: unknown stays unknown."""
    return to_flag(a == 0, a)


def direction_of(up: ByteColumn, down: ByteColumn | None) -> ByteColumn:
    """A direction from flags: 0 where neither or both are true, unknown where one is."""
    if down is None:
        return up
    out = up - down
    out[(up | down) < 0] = UNKNOWN  # UNKNOWN is the only negative flag
    return np.asarray(out, np.int8)
