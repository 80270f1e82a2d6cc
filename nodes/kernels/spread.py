"""A position in a spread that is watched with the statistics frozen at its entry."""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn
from nodes.kernels.prices import FloatGrid

# Codes of `reason`, in the order of REASONS.
FLAT, ENTERED, HOLDING, BLOWUP, TOO_FAR, STOPPED, RETURNED, MISSING = range(8)
REASONS = (
    "flat",
    "entered",
    "holding",
    "divergence_blowup",
    "max_spread_deviation_exceeded",
    "sl_hit",
    "z_score_exit",
    "data_missing",
)

# Fields of the state of a position, and rows of the table it writes.
SIDE, BETA, MEAN, SIGMA, Z_ENTRY, Z_STOP, Z_MOST, MISSES = range(8)


@part
def exit_reason(
    side: float, z: float, z_entry: float, z_stop: float, z_most: float, z_exit: float, divergence: float
) -> int:
    """Why a position in the spread ends at z, in the order of DOMAIN 4.3, or HOLDING.

    `side` is +1 for a bought spread.  Only moves against the position count as divergence and deviation; 0 = rule off.
    """
    against, at_entry = -side * z, -side * z_entry
    if divergence > 0.0 and against - at_entry > divergence:
        return BLOWUP
    if z_most > 0.0 and against >= z_most:
        return TOO_FAR
    if against >= z_stop:
        return STOPPED
    if abs(z) <= z_exit or against < 0.0:
        return RETURNED
    return HOLDING


@kernel("i1[:]", "f8[:,:]", "f8[:]", "f8[:]", "i1[:,:]", "f8[:,:]")
def run_position(
    direction: ByteColumn, given: FloatGrid, rules: FloatColumn, state: FloatColumn, said: ByteColumn, out: FloatGrid
) -> int:
    """One position at a time, entered at a direction of +1 or -1 while flat, its statistics frozen from that bar on.

    Rows of `given`: x, y, z, beta, mean, sigma, z of the stop, largest deviation.  `rules`: z at the exit, divergence,
    bars without a price until the alert.  Rows of `said`: entered, held, exit, alert, reason.  Rows of `out`: z now,
    spread now, beta, mean, sigma, z at the entry, z of the stop, largest deviation.
    """
    for i in range(len(direction)):
        for k in range(8):
            out[k, i] = np.nan
        for k in range(4):
            said[k, i] = 0
        if state[SIDE] == 0.0:
            _enter(direction[i], given, i, state, said, out)
        else:
            _watch(given[0, i], given[1, i], i, rules, state, said, out)
        if said[4, i] != FLAT and said[4, i] != UNKNOWN:
            for k in range(6):
                out[2 + k, i] = state[BETA + k]
        if said[2, i] == 1:
            state[SIDE] = 0.0
    return 0


@part
def _enter(direction: int, given: FloatGrid, i: int, state: FloatColumn, said: ByteColumn, out: FloatGrid) -> None:
    said[4, i] = FLAT
    if direction == 0:
        return
    known = 0.0
    for k in range(8):
        known += given[k, i]
    if direction == UNKNOWN or known != known:
        for k in range(5):
            said[k, i] = UNKNOWN
        return
    x, y, z = given[0, i], given[1, i], given[2, i]
    state[SIDE], state[BETA], state[MEAN], state[SIGMA] = direction, given[3, i], given[4, i], given[5, i]
    state[Z_ENTRY], state[Z_STOP], state[Z_MOST], state[MISSES] = z, given[6, i], given[7, i], 0.0
    out[0, i] = z
    out[1, i] = y - given[3, i] * x
    said[0, i] = said[1, i] = direction
    said[4, i] = ENTERED


@part
def _watch(
    x: float, y: float, i: int, rules: FloatColumn, state: FloatColumn, said: ByteColumn, out: FloatGrid
) -> None:
    spread = y - state[BETA] * x
    now = (spread - state[MEAN]) / state[SIGMA]
    side = np.int8(state[SIDE])
    if now != now:
        state[MISSES] += 1.0
        said[1, i] = side
        said[3, i] = 1 if state[MISSES] >= rules[2] else 0
        said[4, i] = MISSING
        return
    state[MISSES] = 0.0
    out[0, i] = now
    out[1, i] = spread
    reason = exit_reason(state[SIDE], now, state[Z_ENTRY], state[Z_STOP], state[Z_MOST], rules[0], rules[1])
    said[4, i] = reason
    said[1, i] = side if reason == HOLDING else 0
    said[2, i] = 0 if reason == HOLDING else 1
