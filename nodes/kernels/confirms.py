"""A signal that waits for its confirmation."""

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn

ByteTable = NDArray[np.int8]
RowColumn = NDArray[np.int64]


@kernel("i1[:]", "i1[:,:]", "i8", "i8", "i8", "i8", "i8[:]", "i1[:]", "i1[:]", "i1[:]", "i8[:]")
def run_confirm(  # noqa: PLR0913  the life of a waiting signal in one view
    direction: ByteColumn,
    votes: ByteTable,
    bars: int,
    at_once: int,
    renews: int,
    drops: int,
    state: RowColumn,
    out: ByteColumn,
    by: ByteColumn,
    waiting: ByteColumn,
    source: RowColumn,
) -> int:
    """Rows of `votes` are the confirming inputs as directions, a bit of `by` stands for each.

    `state` is the side of the signal that waits (0 = none), the bars it still may, and its row, -1 = before these rows;
    `source` the row of the signal that is confirmed.  At a bar whose signal is unknown nothing is confirmed, but time
    goes on.
    """
    side, left, row = state[0], state[1], state[2]
    for i in range(len(direction)):
        new = False
        if side != 0 and left == 0:
            side = 0
        elif side != 0:
            left -= 1
        said = direction[i]
        if said & 1 and (said != side or renews != 0):
            side, left, row, new = np.int64(said), bars, i, True
        agree, against, unknown = 0, False, False
        if side != 0 and (at_once != 0 or not new):
            for k in range(len(votes)):
                if votes[k, i] == UNKNOWN:
                    unknown = True
                elif votes[k, i] == side:
                    agree |= 1 << k
                elif votes[k, i] == -side:
                    against = True
        out[i], by[i], source[i] = 0, 0, -1
        if said == UNKNOWN:
            out[i], by[i] = UNKNOWN, UNKNOWN
        elif against and drops != 0:
            side = 0
        elif agree != 0:
            out[i], by[i], source[i] = side, agree, row
            side = 0
        elif unknown:
            out[i], by[i] = UNKNOWN, UNKNOWN
        waiting[i] = UNKNOWN if said == UNKNOWN else side
    state[0], state[1], state[2] = side, left, row
    return 0
