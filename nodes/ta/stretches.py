"""Runs of rows that are known in every column: what a library that knows no unknown rows is called with."""

from collections.abc import Iterable

import numpy as np

from engine.candles import FloatColumn


def stretches(columns: Iterable[FloatColumn]) -> list[tuple[int, int]]:
    """First row, and the row after the last, of each run."""
    known = np.all([np.isfinite(column) for column in columns], axis=0)
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
