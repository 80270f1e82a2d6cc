"""Pools of waiting orders at swing highs and lows, and how bars react to price areas.

A table of pools has one per row, empty where its side is 0; the columns are named below.  Versions of pools, as a table
of areas wants them, go to the rows of `out`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn, TimeColumn
from engine.kernel import kernel, part
from engine.values import UNKNOWN, ByteColumn, Candles, Zones, make_zones
from nodes.kernels.prices import FloatGrid, known

# columns of the table: side (-1 at highs, +1 at lows), bounds, swings or visits so far, whether the last bar was in it,
# bars since it is known, closing instant from which on it is, row from which on its present version holds
SIDE, LOW, HIGH, TOUCHES, INSIDE, AGE, BORN, SINCE = range(8)
FIELDS = 8
# rows of `out`
VERSION = 7  # since, until, low, high, side, touches, born
# what `rules` holds
WIDTH, JOIN, SHOWN, MAX_AGE, BY_CLOSE = range(5)

Table = tuple[tuple[float, ...], ...]


@part
def end_version(pools: FloatGrid, k: int, row: int, shown: float, n: int, out: FloatGrid) -> int:
    """Writes the version of a pool that held until `row`, if there is room, and gives the number of versions so far."""
    if pools[k, TOUCHES] < shown or pools[k, SINCE] >= row:
        return n
    if n < out.shape[1]:
        out[0, n], out[1, n] = pools[k, SINCE], float(row)
        out[2, n], out[3, n], out[4, n] = pools[k, LOW], pools[k, HIGH], pools[k, SIDE]
        out[5, n], out[6, n] = pools[k, TOUCHES], pools[k, BORN]
    return n + 1


@part
def age_pools(prices: FloatGrid, row: int, pools: FloatGrid, rules: FloatColumn, n: int, out: FloatGrid) -> int:
    """What a bar does to the pools there are: takes them, lets them expire, visits them."""
    h, w, c = prices[0, row], prices[1, row], prices[2, row]
    for k in range(pools.shape[0]):
        side = pools[k, SIDE]
        if side == 0.0:
            continue
        pools[k, AGE] += 1.0
        end = c if rules[BY_CLOSE] > 0.0 else (h if side < 0.0 else w)
        taken = end > pools[k, HIGH] if side < 0.0 else end < pools[k, LOW]
        if taken or pools[k, AGE] > rules[MAX_AGE]:
            n = end_version(pools, k, row, rules[SHOWN], n, out)
            pools[k, SIDE] = 0.0
        elif known(h) and known(w):
            inside = h >= pools[k, LOW] and w <= pools[k, HIGH]
            if inside and pools[k, INSIDE] == 0.0 and rules[JOIN] < 0.0:
                n = end_version(pools, k, row, rules[SHOWN], n, out)
                pools[k, TOUCHES] += 1.0
                pools[k, SINCE] = float(row)
            pools[k, INSIDE] = 1.0 if inside else 0.0
    return n


@part
def partner(pools: FloatGrid, side: float, price: float, tolerance: float) -> int:
    """The youngest pool of a side that stays narrow enough with another swing in it, -1 = none."""
    found = -1
    for k in range(pools.shape[0]):
        span = max(pools[k, HIGH], price) - min(pools[k, LOW], price)
        fits = pools[k, SIDE] == side and span <= tolerance * price
        if fits and (found < 0 or pools[k, AGE] < pools[found, AGE]):
            found = k
    return found


@part
def place_for(pools: FloatGrid, side: float) -> int:
    """A row for a new pool of a side, which has half of the table: an empty one, or that of the oldest pool."""
    half = pools.shape[0] // 2
    first = 0 if side < 0.0 else half
    best = first
    for k in range(first, first + half):
        if pools[k, SIDE] == 0.0:
            return k
        if pools[k, AGE] > pools[best, AGE]:
            best = k
    return best


@part
def add_swing(
    swing: tuple[float, float, float, float], row: int, pools: FloatGrid, rules: FloatColumn, n: int, out: FloatGrid
) -> tuple[int, int]:
    """A new swing (price, side, whether the bar is at it, instant) becomes a pool or joins one.

    Gives the versions so far, and 1 if it joined one.
    """
    price, side, inside, born = swing
    near = partner(pools, side, price, rules[JOIN]) if rules[JOIN] >= 0.0 else -1
    if near >= 0:
        n = end_version(pools, near, row, rules[SHOWN], n, out)
        pools[near, LOW], pools[near, HIGH] = min(pools[near, LOW], price), max(pools[near, HIGH], price)
        pools[near, TOUCHES] += 1.0
        pools[near, SINCE], pools[near, AGE] = float(row), 0.0
        if pools[near, TOUCHES] == rules[SHOWN]:
            pools[near, BORN] = born
        return n, 1
    k = place_for(pools, side)
    if pools[k, SIDE] != 0.0:
        n = end_version(pools, k, row, rules[SHOWN], n, out)
    low = price if side > 0.0 else price * (1.0 - rules[WIDTH])
    high = price if side < 0.0 else price * (1.0 + rules[WIDTH])
    pools[k, SIDE], pools[k, LOW], pools[k, HIGH], pools[k, TOUCHES] = side, low, high, 1.0
    pools[k, INSIDE], pools[k, AGE], pools[k, BORN], pools[k, SINCE] = inside, 0.0, born, float(row)
    return n, 0


@kernel("f8[:,:]", "i8[:]", "i1[:,:]", "f8[:,:]", "f8[:]", "f8[:,:]", "f8[:,:]", "i1[:,:]")
def run_pools(
    prices: FloatGrid,
    closed: TimeColumn,
    found: NDArray[np.int8],
    levels: FloatGrid,
    rules: FloatColumn,
    pools: FloatGrid,
    out: FloatGrid,
    joined: NDArray[np.int8],
) -> int:
    """Carries pools over bars; gives the number of versions, also where they are more than `out` has room for.

    `prices`: high, low, close; `found` and `levels`: swing highs and lows and their prices, known at the bar; `joined`
    gets where a swing high, or low, joined a pool.
    """
    n = 0
    rows = len(closed)
    for i in range(rows):
        n = age_pools(prices, i, pools, rules, n, out)
        for s in range(2):
            joined[s, i] = 0 if found[s, i] >= 0 else UNKNOWN
            price = levels[s, i]
            if found[s, i] != 1 or not known(price):
                continue
            side = -1.0 if s == 0 else 1.0
            inside = 1.0 if prices[0, i] >= price and prices[1, i] <= price else 0.0
            n, together = add_swing((price, side, inside, float(closed[i])), i, pools, rules, n, out)
            joined[s, i] = together
    for k in range(pools.shape[0]):
        if pools[k, SIDE] != 0.0:
            n = end_version(pools, k, rows, rules[SHOWN], n, out)
            pools[k, SINCE] = 0.0
    return n


def pools_of(
    table: Table,
    keep: int,
    candles: Candles,
    swings: tuple[ByteColumn, ByteColumn, FloatColumn, FloatColumn],
    rules: FloatColumn,
) -> tuple[Table, Zones, NDArray[np.int8]]:
    """Pools after these bars, as areas over them, and where a swing high or low joined one.

    `table` holds the pools before the bars, `keep` as many of each side at most; `swings` are the flags and prices of
    swing highs and lows.  The score of an area is its touches.
    """
    rows = len(candles)
    before = np.array(table, np.float64).reshape(-1, FIELDS) if table else np.zeros((2 * keep, FIELDS))
    prices = np.stack([candles.high, candles.low, candles.close])
    found, levels = np.stack(swings[:2]), np.stack(swings[2:])
    joined = np.empty((2, rows), np.int8)
    room = rows + 2 * keep
    while True:
        after, out = before.copy(), np.empty((VERSION, room))
        needed = run_pools(prices, candles.close_time, found, levels, rules, after, out, joined)
        if needed <= room:
            break
        room = needed
    since, until, low, high, side, touches, born = out[:, :needed]
    zones = make_zones(
        rows, since.astype(np.int64), until.astype(np.int64), low, high, side.astype(np.int8),
        touches.astype(np.int64), touches, born.astype(np.int64),
    )  # fmt: skip
    return tuple(tuple(row) for row in after.tolist()), zones, joined


@kernel("i8[:]", "i8[:]", "f8[:,:]", "i1[:]", "f8[:,:]", "f8", "f8[:,:]")
def count_reactions(
    since: TimeColumn,
    until: TimeColumn,
    bounds: FloatGrid,
    kind: ByteColumn,
    prices: FloatGrid,
    tolerance: float,
    out: FloatGrid,
) -> int:
    """Adds to the rows of `out` how many areas held a bar up, and down; each area as it was at the bar before."""
    rows = prices.shape[1]
    for z in range(len(since)):
        low, high = bounds[0, z], bounds[1, z]
        near_high, near_low = high * (1.0 + tolerance), low * (1.0 - tolerance)
        for i in range(since[z] + 1, min(until[z], rows - 1) + 1):
            before = prices[2, i - 1]  # an area of either kind is a support from above and a resistance from below
            supports = kind[z] > 0 or (kind[z] == 0 and before > high)
            if supports and prices[1, i] <= near_high and prices[2, i] > high:
                out[0, i] += 1.0
            resists = kind[z] < 0 or (kind[z] == 0 and before < low)
            if resists and prices[0, i] >= near_low and prices[2, i] < low:
                out[1, i] += 1.0
    return 0
