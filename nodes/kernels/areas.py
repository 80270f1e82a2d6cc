"""The loops over areas that hold at each bar: merging those of several timeframes, finding those near the price.

Versions come ordered by the row from which on they hold.  `active` is scratch for the rows of the table that hold at
the bar at hand; `active[0..n]` are in the order of the table.
"""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn, TimeColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn, Zones, make_zones
from nodes.kernels.prices import FloatGrid

RowColumn = NDArray[np.int64]
INPUTS = 6  # timeframes that can be merged
FULL = -1  # what a kernel answers when the table it was given is too small
# Columns of the table of versions that kernels write; `V_UNTIL` is -1 while a version holds.
V_SINCE, V_UNTIL, V_LOW, V_HIGH, V_SIDE, V_TOUCHES, V_SCORE, V_BORN = 0, 1, 2, 3, 4, 5, 6, 7
VERSION_FIELDS = 8


def zones_of(versions: FloatGrid, rows: int) -> Zones:
    """The table a kernel wrote, as the value of a wire; its whole numbers are exact in float64."""
    since, until = versions[:, V_SINCE], versions[:, V_UNTIL]
    return make_zones(
        rows,
        since.astype(np.int64),
        np.where(until < 0, rows, until).astype(np.int64),
        versions[:, V_LOW],
        versions[:, V_HIGH],
        versions[:, V_SIDE].astype(np.int8),
        versions[:, V_TOUCHES].astype(np.int64),
        versions[:, V_SCORE],
        versions[:, V_BORN].astype(np.int64),
    )


@part
def drop_ended(until: RowColumn, row: int, active: RowColumn, count: int) -> int:
    """Takes out the versions that no longer hold; returns how many are left."""
    kept = 0
    for k in range(count):
        if until[active[k]] > row:
            active[kept] = active[k]
            kept += 1
    return kept


@part
def take_begun(
    since: RowColumn, until: RowColumn, row: int, active: RowColumn, count: int, taker: int
) -> tuple[int, int]:
    """Takes in the versions that hold by now; returns how many there are, and the next of the table."""
    while taker < len(since) and since[taker] <= row:
        if until[taker] > row:
            active[count] = taker
            count += 1
        taker += 1
    return count, taker


@part
def goes_before(a: int, b: int, score: FloatColumn, source: RowColumn, low: FloatColumn, high: FloatColumn) -> bool:
    """Whether version a is merged before version b: by score, then input, then bounds, never by their place."""
    if score[a] != score[b]:
        return score[a] > score[b]
    if source[a] != source[b]:
        return source[a] < source[b]
    return low[a] < low[b] or (low[a] == low[b] and high[a] < high[b])


@part
def take_in_order(  # noqa: PLR0913  a table of areas comes as columns
    since: RowColumn, until: RowColumn, row: int, active: RowColumn, count: int, taker: int,
    score: FloatColumn, source: RowColumn, low: FloatColumn, high: FloatColumn,
) -> tuple[int, int]:  # fmt: skip
    """As `take_begun`, with `active` kept in the order in which areas are merged."""
    first = count
    count, taker = take_begun(since, until, row, active, count, taker)
    for k in range(first, count):
        v, place = active[k], k
        while place > 0 and goes_before(v, active[place - 1], score, source, low, high):
            active[place] = active[place - 1]
            place -= 1
        active[place] = v
    return count, taker


@part
def nth_smallest(values: FloatColumn, n: int) -> float:
    """The n-th smallest of a few values."""
    best = np.inf
    for a in range(len(values)):
        below = 0
        for b in range(len(values)):
            below += values[b] <= values[a]
        if below >= n and values[a] < best:
            best = values[a]
    return best


@part
def merge_one(  # noqa: PLR0913  a table of areas comes as columns
    active: RowColumn, count: int, leader: int, gap: float, lows: FloatColumn, highs: FloatColumn,
    touches: RowColumn, score: FloatColumn, born: TimeColumn, source: RowColumn,
    best: FloatColumn, first: FloatColumn, out: FloatColumn,
) -> int:  # fmt: skip
    """Takes the leader and all after it that overlap it; fills in touches, score and birth, returns how many inputs.

    `lows` and `highs` are the bounds of the active areas; the low of one that is taken becomes infinite.
    """
    for s in range(len(best)):
        best[s] = -1.0
        first[s] = np.inf
    slack = gap * highs[leader]
    bottom, top = lows[leader] - slack, highs[leader] + slack
    most = 0
    for k in range(leader, count):
        if lows[k] <= top and highs[k] >= bottom:
            u = active[k]
            lows[k] = np.inf
            best[source[u]] = max(best[source[u]], score[u])
            first[source[u]] = min(first[source[u]], float(born[u]))
            most = max(most, touches[u])
    total = 0.0
    seen = 0
    for s in range(len(best)):
        if best[s] >= 0.0:
            total += best[s]
            seen += 1
    out[V_TOUCHES], out[V_SCORE] = most, total
    return seen


@part
def keep_or_open(versions: FloatGrid, count: int, alive: RowColumn, living: int, out: FloatColumn, row: int) -> int:
    """The number of versions after this one: an equal one that is open goes on, else it is opened."""
    for k in range(living):
        v = alive[k]
        if v >= 0 and versions[v, V_LOW] == out[V_LOW] and versions[v, V_HIGH] == out[V_HIGH]:
            same = versions[v, V_SIDE] == out[V_SIDE] and versions[v, V_TOUCHES] == out[V_TOUCHES]
            if same and versions[v, V_SCORE] == out[V_SCORE] and versions[v, V_BORN] == out[V_BORN]:
                versions[v, V_UNTIL] = -1.0
                return count
    if count < len(versions):
        versions[count, V_SINCE], versions[count, V_UNTIL] = row, -1.0
        for f in range(V_LOW, VERSION_FIELDS):
            versions[count, f] = out[f]
    return count + 1


@kernel(
    "i8", "i8[:]", "i8[:]", "f8[:]", "f8[:]", "i1[:]", "i8[:]", "f8[:]", "i8[:]", "i8[:]", "i8", "i8", "f8",
    "i8[:]", "i8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:]", "f8[:,:]",
)  # fmt: skip
def run_confluence(  # noqa: PLR0913  a table of areas comes as columns
    rows: int, since: RowColumn, until: RowColumn, low: FloatColumn, high: FloatColumn, side: ByteColumn,
    touches: RowColumn, score: FloatColumn, born: TimeColumn, source: RowColumn,
    min_inputs: int, min_touches: int, gap: float,
    active: RowColumn, alive: RowColumn, lows: FloatColumn,
    highs: FloatColumn, best: FloatColumn, first: FloatColumn, out: FloatColumn,
    versions: FloatGrid,
) -> int:  # fmt: skip
    """Returns the number of versions, or FULL.  `score` is weighted; the areas are merged anew where one changes."""
    count = living = n = taker = 0
    row = since[0] if len(since) else rows
    while row < rows:
        n = drop_ended(until, row, active, n)
        n, taker = take_in_order(since, until, row, active, n, taker, score, source, low, high)
        for k in range(n):
            lows[k], highs[k] = low[active[k]], high[active[k]]
        for k in range(living):
            versions[alive[k], V_UNTIL] = row  # unless it is found again
        before = count
        for leader in range(n):
            if lows[leader] == np.inf:
                continue
            v = active[leader]
            seen = merge_one(active, n, leader, gap, lows, highs, touches, score, born, source, best, first, out)
            if seen >= min_inputs and out[V_TOUCHES] >= min_touches:
                out[V_LOW], out[V_HIGH], out[V_SIDE] = low[v], high[v], side[v]
                out[V_BORN] = nth_smallest(first, min_inputs)
                count = keep_or_open(versions, count, alive, living, out, row)
        if count > len(versions):
            return FULL
        kept = 0
        for k in range(living):
            if versions[alive[k], V_UNTIL] < 0.0:
                alive[kept] = alive[k]
                kept += 1
        for v in range(before, count):
            alive[kept] = v
            kept += 1
        living = kept
        row = since[taker] if taker < len(since) else rows
        for k in range(n):
            row = min(row, until[active[k]])
    return count


@kernel(
    "i8[:]", "i8[:]", "f8[:]", "f8[:]", "i1[:]", "i8[:]", "f8[:]", "f8[:]", "f8[:]", "f8", "i8[:]",
    "i1[:]", "i1[:]", "f8[:,:]",
)  # fmt: skip
def run_at(  # noqa: PLR0913  a table of areas comes as columns
    since: RowColumn, until: RowColumn, low: FloatColumn, high: FloatColumn, side: ByteColumn, touches: RowColumn,
    bar_high: FloatColumn, bar_low: FloatColumn, close: FloatColumn, tolerance: float, active: RowColumn,
    at_support: ByteColumn, at_resistance: ByteColumn, out: FloatGrid,
) -> int:  # fmt: skip
    """Rows of `out`: low, high and touches of the nearest support, then of the nearest resistance; NaN on entry."""
    n = taker = 0
    for i in range(len(close)):
        n = drop_ended(until, i, active, n)
        n, taker = take_begun(since, until, i, active, n, taker)
        x = close[i]
        if bar_high[i] + bar_low[i] + x != bar_high[i] + bar_low[i] + x:
            at_support[i] = at_resistance[i] = UNKNOWN
            continue
        slack = tolerance * x
        for kind in range(2):
            sign = 1 if kind == 0 else -1
            best, touched_best, most, lowest = np.inf, 0, 0, np.inf
            for k in range(n):
                v = active[k]
                beyond = low[v] - x if sign > 0 else x - high[v]  # how far the close is on the wrong side
                if side[v] == -sign or beyond > slack:
                    continue
                touched = 1 if bar_low[i] <= high[v] + slack and bar_high[i] >= low[v] - slack else 0
                away = max(x - high[v], low[v] - x, 0.0)
                better = touched > touched_best
                if touched == touched_best:
                    tie = away == best and (touches[v] > most or (touches[v] == most and low[v] < lowest))
                    better = away < best or tie
                if better:
                    best, touched_best, most, lowest = away, touched, touches[v], low[v]
                    out[3 * kind, i], out[3 * kind + 1, i], out[3 * kind + 2, i] = low[v], high[v], touches[v]
            if kind == 0:
                at_support[i] = touched_best
            else:
                at_resistance[i] = touched_best
    return 0


FOUND, NOTHING_AHEAD, TOO_NEAR, NO_RISK = 1, 2, 3, 4  # codes of the reasons of target.structure


@part
def nearest_paying(
    price: float, sign: float, entry: float, least: float, best: float, nearest: float
) -> tuple[float, float]:
    """The nearest candidate that is at least `least` away, and the nearest of all, both as distances from the entry."""
    away = sign * (price - entry)
    if away > 0.0:
        nearest = min(nearest, away)
        if away >= least:
            best = min(best, away)
    return best, nearest


@kernel(
    "i8[:]", "i1[:]", "f8[:]", "f8[:]", "f8[:,:]", "f8[:,:]", "i8[:]", "i8[:]", "f8[:]", "f8[:]",
    "f8", "i8", "i8[:]", "f8[:]", "f8[:]", "i1[:]",
)  # fmt: skip
def run_targets(  # noqa: PLR0913  trades, points and a table of areas come as columns
    rows: RowColumn, side: ByteColumn, entry: FloatColumn, risk: FloatColumn, above: FloatGrid, below: FloatGrid,
    since: RowColumn, until: RowColumn, low: FloatColumn, high: FloatColumn,
    minimum: float, skip_near: int, active: RowColumn, target: FloatColumn, pays: FloatColumn, why: ByteColumn,
) -> int:  # fmt: skip
    """For each trade the target, what it (or the best that does not) pays in multiples of the risk, and a code."""
    n = taker = 0
    for t in range(len(rows)):
        n = drop_ended(until, rows[t], active, n)
        n, taker = take_begun(since, until, rows[t], active, n, taker)
        target[t] = pays[t] = np.nan
        if not risk[t] > 0.0:
            why[t] = NO_RISK if risk[t] == risk[t] and entry[t] == entry[t] else UNKNOWN
            continue
        sign = float(side[t])
        least = minimum * risk[t]
        best = nearest = np.inf
        for p in range(len(above) if sign > 0.0 else len(below)):
            point = above[p, t] if sign > 0.0 else below[p, t]
            best, nearest = nearest_paying(point, sign, entry[t], least, best, nearest)
        for k in range(n):
            edge = low[active[k]] if sign > 0.0 else high[active[k]]
            best, nearest = nearest_paying(float(edge), sign, entry[t], least, best, nearest)
        chosen = best if skip_near == 1 or best == nearest else np.inf
        why[t] = FOUND if chosen < np.inf else (TOO_NEAR if nearest < np.inf else NOTHING_AHEAD)
        if chosen < np.inf:
            target[t], pays[t] = entry[t] + sign * chosen, chosen / risk[t]
        elif nearest < np.inf:
            pays[t] = nearest / risk[t]
    return 0
