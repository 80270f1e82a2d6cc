"""What nodes that combine signals share: whose levels are taken, and the names of those who decided."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn, FloatColumn, Labels, Signal

ByteTable = NDArray[np.int8]

NOBODY = "none"
LEVELS = ("entry", "confidence", "stop", "target", "quality", "environment")
Wired = dict[str, Signal]  # the connected inputs by port name, in port order


def wired(**inputs: Signal | None) -> Wired:
    """The inputs that are connected, in order."""
    return {name: signal for name, signal in inputs.items() if signal is not None}


@cache
def names_of_sets(ports: tuple[str, ...]) -> tuple[str, ...]:
    """Names of all sets of ports; the code of a set has bit i set where port i is in it.  At most seven ports."""
    return tuple(
        "+".join(name for bit, name in enumerate(ports) if code >> bit & 1) or NOBODY for code in range(1 << len(ports))
    )


def sets_label(codes: ByteColumn, ports: Sequence[str]) -> Labels:
    """A label that names sets of ports."""
    return Labels(codes, names_of_sets(tuple(ports)))


def single_label(pick: ByteColumn, ports: Sequence[str]) -> Labels:
    """A label that names one port, for columns that hold its place, -1 = none, UNKNOWN."""
    return Labels(np.where(pick == UNKNOWN, pick, pick + np.int8(1)), (NOBODY, *ports))


@kernel("i1[:,:]", "i1[:]", "i1[:]")
def run_take(says: ByteTable, pick: ByteColumn, out: ByteColumn) -> int:
    """What the input whose place is in `pick` says; -1 says nothing, UNKNOWN is unknown."""
    for i in range(len(out)):
        out[i] = says[pick[i], i] if pick[i] >= 0 else (0 if pick[i] == -1 else UNKNOWN)
    return 0


@kernel("i1[:,:]", "i1[:]", "i1[:]")
def run_first(says: ByteTable, pick: ByteColumn, out: ByteColumn) -> int:
    """The first input that is long or short, and its place; unknown where all are."""
    for i in range(len(out)):
        pick[i], out[i] = UNKNOWN, UNKNOWN
        for k in range(len(says)):
            if says[k, i] & 1:
                pick[i], out[i] = k, says[k, i]
                break
            if says[k, i] == 0:
                pick[i], out[i] = -1, 0
    return 0


def reasons_of(signals: Sequence[Signal], reason: str) -> tuple[str, ...]:
    """What shaped the signals, each once, and what joined them."""
    return tuple(dict.fromkeys([*(r for signal in signals for r in signal.reasons), reason]))


def blank_levels(length: int) -> dict[str, FloatColumn]:
    """Level columns without a value; one block of memory, since pages of several cost more than their contents."""
    return dict(zip(LEVELS, np.full((len(LEVELS), length), np.nan), strict=True))


def levels_of(
    signals: Sequence[Signal], trades: NDArray[np.intp], chosen: ByteColumn, length: int
) -> dict[str, FloatColumn]:
    """Level columns with those of the signal whose place is in `chosen` at each of some rows, and NaN elsewhere."""
    out = blank_levels(length)
    for place, signal in enumerate(signals):
        rows = trades[chosen == place]
        for name, column in out.items():
            column[rows] = getattr(signal, name)[rows]
    return out
