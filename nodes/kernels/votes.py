"""Counting opinions.

Directions are small, so votes are counted column by column; confidences and levels are looked at where somebody speaks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernel import kernel
from engine.values import UNKNOWN, ByteColumn, FloatColumn, Signal
from nodes.kernels.signals import trade_rows

FloatTable = NDArray[np.float64]
SLACK = 1 - 1e-9  # 5 of 7 voters are enough for a share of 5/7, however it is rounded


class Count(NamedTuple):
    """Votes at each bar (int8)."""

    up: ByteColumn
    down: ByteColumn
    known: ByteColumn


def counted(votes: Sequence[ByteColumn]) -> Count:
    """How many directions say up, how many down, and how many are known."""
    up, down, known = (np.zeros(len(votes[0]), np.int8) for _ in range(3))
    for vote in votes:
        up += vote == 1
        down += vote == -1
        known += vote != UNKNOWN
    return Count(up, down, known)


@kernel("i1[:]", "i1[:]", "i1[:]", "i1[:]", "i8", "i1[:]", "f8[:,:]")
def _decide(
    up: ByteColumn,
    down: ByteColumn,
    known: ByteColumn,
    needed: ByteColumn,
    least: int,
    out: ByteColumn,
    numbers: FloatTable,
) -> int:
    for i in range(len(out)):
        need = needed[known[i]]
        # `&` rather than `and`: votes are hard to guess, and a branch guessed wrong costs more than the comparison
        side = int((up[i] > down[i]) & (up[i] >= need)) - int((down[i] > up[i]) & (down[i] >= need))
        out[i] = side if known[i] >= least else UNKNOWN
        there = known[i] > 0
        numbers[0, i] = up[i] if there else np.nan
        numbers[1, i] = down[i] if there else np.nan
        numbers[2, i] = known[i] if there else np.nan
    return 0


def winner(count: Count, needed: Sequence[float], least: int) -> tuple[ByteColumn, FloatTable]:
    """The side with enough votes and more than the other, 0 = neither; unknown below `least` known votes.

    `needed` are the votes that are enough among 0, 1, 2, ... known ones.  The table has the three counts as numbers,
    unknown where nobody votes.
    """
    rows = len(count.up)
    out, numbers = np.empty(rows, np.int8), np.empty((3, rows))
    enough = np.ceil(np.asarray(needed)).astype(np.int8)
    _decide(count.up, count.down, count.known, enough, least, out, numbers)
    return out, numbers


def votes_of(signals: Sequence[Signal]) -> list[ByteColumn]:
    """The directions of signals; a trade of unknown confidence is no vote."""
    out: list[ByteColumn] = []
    for signal in signals:
        trades = trade_rows(signal.direction)
        doubtful = trades[np.isnan(signal.confidence[trades])]
        vote = signal.direction
        if len(doubtful):
            vote = vote.copy()
            vote[doubtful] = UNKNOWN
        out.append(vote)
    return out


@kernel("i1[:]", "i1[:]", "i8", "i1[:]")
def _mark(vote: ByteColumn, side: ByteColumn, bit: int, out: ByteColumn) -> int:
    for i in range(len(out)):
        here = int((vote[i] == side[i]) & (side[i] != 0)) << bit
        out[i] = UNKNOWN if side[i] == UNKNOWN else out[i] | here
    return 0


def members(votes: Sequence[ByteColumn], side: ByteColumn) -> ByteColumn:
    """A bit for each vote that is for the side that won; 0 where none did, unknown where the side is."""
    out = np.zeros(len(side), np.int8)
    for bit, vote in enumerate(votes):
        _mark(np.ascontiguousarray(vote), side, bit, out)
    return out


def first_or_largest(weights: FloatTable, *, largest: bool) -> ByteColumn:
    """In each column of a table of weights, NaN = not a member, the row of the first member, or of the largest one."""
    shown = np.where(np.isnan(weights), -np.inf, weights if largest else 0.0)
    return shown.argmax(axis=0).astype(np.int8)  # the first of those that are as large


@kernel("f8[:]", "f8", "f8[:]", "f8[:]", "i1[:]")
def run_add(column: FloatColumn, share: float, total: FloatColumn, weight: FloatColumn, known: ByteColumn) -> int:
    """Adds what is known of a column, times its share."""
    for i in range(len(column)):
        there = column[i] == column[i]
        total[i] += share * column[i] if there else 0.0
        weight[i] += share if there else 0.0
        known[i] += 1 if there else 0
    return 0


@kernel("i1[:]", "f8", "i8", "f8[:]", "i1[:]")
def run_weigh(vote: ByteColumn, share: float, silent: int, weight: FloatColumn, known: ByteColumn) -> int:
    """Adds the share of a vote where it counts; one that says nothing counts if `silent`."""
    for i in range(len(vote)):
        there = vote[i] != UNKNOWN
        weight[i] += share if there and (silent != 0 or vote[i] != 0) else 0.0
        known[i] += 1 if there else 0
    return 0


@kernel("f8[:]", "f8[:]", "i1[:]", "i8", "i8", "f8", "i1[:]")
def run_score(
    score: FloatColumn,
    weight: FloatColumn,
    known: ByteColumn,
    least: int,
    silent: int,
    threshold: float,
    out: ByteColumn,
) -> int:
    """Divides sums by weights; `out` is the sign of what is far enough from 0, else 0.

    Unknown below `least` known votes, and without weight; where silent votes do not count, no weight is a score of 0.
    """
    for i in range(len(score)):
        if known[i] < least or (weight[i] == 0.0 and silent != 0):
            score[i], out[i] = np.nan, UNKNOWN
            continue
        mean = score[i] / weight[i] if weight[i] > 0.0 else 0.0
        score[i] = mean
        out[i] = int(mean > 0.0 and mean >= threshold) - int(mean < 0.0 and mean <= -threshold)
    return 0
