"""What asking a label for its names shares."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import NodeError
from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn, Labels

CODES = 128  # as many names as a label can have


def code_of(label: Labels, name: str, node: str) -> int:
    """The code of a name of a label; -1 for a label that has no names, which is unknown at every bar.

    Raises NodeError, naming the node type that asks, where the label has others.
    """
    if name in label.names:
        return label.names.index(name)
    if label.names:
        raise NodeError(node, f"the label is never {name!r}; it is one of {', '.join(label.names)}: choose one of them")
    return -1


@kernel("i1[:]", "i1[:]", "i1[:]")
def _look_up(codes: ByteColumn, table: ByteColumn, out: ByteColumn) -> int:
    for i in range(len(codes)):
        out[i] = table[codes[i]] if codes[i] >= 0 else UNKNOWN
    return 0


def looked_up(label: Labels, table: ByteColumn) -> ByteColumn:
    """For each code of a label what a table of `CODES` entries holds for it, unknown where the label is."""
    out = np.empty(len(label), np.int8)
    _look_up(np.ascontiguousarray(label.codes), table, out)
    return out


def flag_of(label: Labels, found: NDArray[np.bool_]) -> ByteColumn:
    """A flag from a fresh truth column, unknown where the label is."""
    out = found.view(np.int8)
    out[label.codes < 0] = UNKNOWN
    return out
