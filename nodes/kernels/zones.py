"""The loops that draw price areas out of pivots.

A pivot joins the nearest area it fits into, or begins one; areas are never drawn anew from all pivots, so that what was
known of an area at an earlier bar is not changed by a later one.  The two tables are memory that the caller carries:

members  one row per pivot in the look-back, oldest first: price, bar, area (-1 = it was broken), counted as a touch
areas    one row per area: whether in use, low, high, side (+1 support), touches, whether the price has been a width
         away since the last touch, bars since a close beyond it (0 = none), bar of the last touch, born, open version,
         bar at which it must be looked at whatever the price does

Bars are counted from the first of the run, born is in ms; all are exact in float64.
"""

import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn, TimeColumn
from engine.kernel import kernel, part
from engine.values import ByteColumn
from nodes.kernels.areas import FULL, V_BORN, V_HIGH, V_LOW, V_SCORE, V_SIDE, V_SINCE, V_TOUCHES, V_UNTIL
from nodes.kernels.prices import FloatGrid

PRICE, BAR, AREA, COUNTED = 0, 1, 2, 3
USED, LOW, HIGH, SIDE, TOUCHES, AWAY, BEYOND, TOUCHED, BORN, VERSION, DUE = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
MEMBER_FIELDS, AREA_FIELDS = 4, 11


@part
def measure(areas: FloatGrid, slot: int, members: FloatGrid, first: int, last: int) -> None:
    """Bounds and touches of an area from the members it still has; one without any is given back."""
    low, high, touches = np.inf, -np.inf, 0.0
    for m in range(first, last):
        if members[m, AREA] == slot:
            if touches == 0.0:
                members[m, COUNTED] = 1.0  # the visits are counted from the oldest member on
            low = min(low, members[m, PRICE])
            high = max(high, members[m, PRICE])
            if members[m, COUNTED] == 1.0:
                touches += 1.0
                areas[slot, TOUCHED] = members[m, BAR]
    areas[slot, LOW], areas[slot, HIGH], areas[slot, TOUCHES] = low, high, touches
    areas[slot, USED] = 1.0 if touches > 0.0 else 0.0
    areas[slot, DUE] = 0.0


@part
def nearest_area(areas: FloatGrid, used: int, price: float, width: float) -> int:
    """The area with the nearest middle that stays within the width when it takes the price in; -1 = none."""
    best = -1
    least = np.inf
    for a in range(used):
        if areas[a, USED] == 0.0:
            continue
        low, high = areas[a, LOW], areas[a, HIGH]
        away = abs(price - (low + high) / 2.0)
        if max(high, price) - min(low, price) <= width and away < least:
            best, least = a, away
    return best


@part
def new_area(areas: FloatGrid, used: int, price: float, close: float, bar: float) -> int:
    """A free row for an area of one pivot."""
    slot = 0
    while slot < used and areas[slot, USED] == 1.0:
        slot += 1
    areas[slot, USED], areas[slot, LOW], areas[slot, HIGH] = 1.0, price, price
    areas[slot, SIDE] = 1.0 if close > price else (-1.0 if close < price else 0.0)
    areas[slot, TOUCHES], areas[slot, AWAY], areas[slot, BEYOND], areas[slot, TOUCHED] = 1.0, 0.0, 0.0, bar
    areas[slot, BORN], areas[slot, VERSION], areas[slot, DUE] = 0.0, -1.0, 0.0
    return slot


@part
def join(
    areas: FloatGrid, used: int, members: FloatGrid, last: int, price: float, close: float, width: float, bar: float
) -> int:
    """Puts a pivot into an area and at the end of the members; returns the area."""
    slot = nearest_area(areas, used, price, width)
    counted = 1.0
    if slot < 0:
        slot = new_area(areas, used, price, close, bar)
    else:
        areas[slot, LOW] = min(areas[slot, LOW], price)
        areas[slot, HIGH] = max(areas[slot, HIGH], price)
        counted = areas[slot, AWAY]
        if counted == 1.0:
            areas[slot, TOUCHES] += 1.0
            areas[slot, TOUCHED] = bar
            areas[slot, AWAY] = 0.0
    areas[slot, DUE] = 0.0
    members[last, PRICE], members[last, BAR], members[last, AREA], members[last, COUNTED] = price, bar, slot, counted
    return slot


@part
def is_broken(areas: FloatGrid, a: int, close: float, buffer: float, patience: int) -> bool:
    """Follows the closes beyond an area that is known; true at the bar at which it is broken."""
    side = areas[a, SIDE]
    near, far = (areas[a, LOW], areas[a, HIGH]) if side >= 0.0 else (-areas[a, HIGH], -areas[a, LOW])
    x = close if side >= 0.0 else -close
    if side == 0.0:
        areas[a, SIDE] = 1.0 if x > far else (-1.0 if x < near else 0.0)
        return False
    if areas[a, BEYOND] > 0.0:
        areas[a, BEYOND] = 0.0 if x >= near else areas[a, BEYOND] + 1.0
    elif x < near - buffer:
        areas[a, BEYOND] = 1.0
    return areas[a, BEYOND] > patience


@part
def publish(areas: FloatGrid, a: int, versions: FloatGrid, count: int, row: int, score: float, shown: bool) -> int:
    """Ends the open version of an area and opens the next where something changed; returns the number of versions."""
    v = int(areas[a, VERSION])
    if v >= 0:
        same = (
            shown and versions[v, V_LOW] == areas[a, LOW] and versions[v, V_HIGH] == areas[a, HIGH]
            and versions[v, V_SIDE] == areas[a, SIDE] and versions[v, V_TOUCHES] == areas[a, TOUCHES]
            and versions[v, V_SCORE] == score
        )  # fmt: skip
        if same:
            return count
        versions[v, V_UNTIL] = row
        areas[a, VERSION] = -1.0
    if not shown or count >= len(versions):
        return count + 1 if shown else count
    versions[count, V_SINCE], versions[count, V_LOW], versions[count, V_HIGH] = row, areas[a, LOW], areas[a, HIGH]
    versions[count, V_UNTIL] = -1.0
    versions[count, V_SIDE], versions[count, V_TOUCHES] = areas[a, SIDE], areas[a, TOUCHES]
    versions[count, V_SCORE], versions[count, V_BORN] = score, areas[a, BORN]
    areas[a, VERSION] = count
    return count + 1


@part
def forget(members: FloatGrid, first: int, last: int, slot: int) -> None:
    """The pivots of a broken area belong to none any more."""
    for m in range(first, last):
        if members[m, AREA] == slot:
            members[m, AREA] = -1.0


@part
def is_quiet(areas: FloatGrid, a: int, close: float, bar: float) -> bool:
    """Whether nothing about an area can change at this bar: the price is where it was seen last, and has been away."""
    here = close > areas[a, HIGH] if areas[a, SIDE] > 0.0 else (areas[a, SIDE] < 0.0 and close < areas[a, LOW])
    return here and areas[a, AWAY] == 1.0 and areas[a, BEYOND] == 0.0 and bar < areas[a, DUE]


@part
def follow_area(
    areas: FloatGrid,
    a: int,
    close: float,
    width: float,
    closes_at: float,
    min_touches: int,
    buffer: float,
    patience: int,
) -> bool:
    """What a close means for an area: the side it is seen from, its birth, its end; true if it is broken."""
    known = areas[a, TOUCHES] >= min_touches
    if known and areas[a, BORN] > 0.0:
        return is_broken(areas, a, close, buffer * width, patience) if close == close else False
    if close > areas[a, HIGH]:
        areas[a, SIDE] = 1.0
    elif close < areas[a, LOW]:
        areas[a, SIDE] = -1.0
    areas[a, BEYOND] = 0.0
    areas[a, BORN] = closes_at if known else 0.0
    return False


@part
def grade(areas: FloatGrid, a: int, bar: float, lookback: int) -> float:
    """The score of an area; notes when it will fall next."""
    quarters = np.floor(4.0 * (bar - areas[a, TOUCHED]) / lookback)
    areas[a, DUE] = areas[a, TOUCHED] + np.ceil(lookback * (quarters + 1.0) / 4.0)
    return areas[a, TOUCHES] * (1.0 - quarters / 4.0)


@part
def expire(
    areas: FloatGrid,
    members: FloatGrid,
    versions: FloatGrid,
    count: int,
    first: int,
    last: int,
    oldest: float,
    row: int,
) -> tuple[int, int]:
    """Lets go of pivots before the look-back; returns the first member that is left and the number of versions."""
    while first < last and members[first, BAR] < oldest:
        slot = int(members[first, AREA])
        first += 1
        if slot >= 0:
            measure(areas, slot, members, first, last)
            if areas[slot, USED] == 0.0:
                count = publish(areas, slot, versions, count, row, 0.0, False)
    return first, count


@part
def take(  # noqa: PLR0913  two tables, what the bar brings
    areas: FloatGrid, used: int, members: FloatGrid, last: int, flag: int, price: float, close: float, width: float,
    bar: float,
) -> tuple[int, int, int]:  # fmt: skip
    """Takes a pivot in, if there is one; returns its area, the rows of areas used and the end of the members."""
    if flag != 1 or price + close + width != price + close + width:
        return -1, used, last
    slot = join(areas, used, members, last, price, close, width, bar)
    return slot, max(used, slot + 1), last + 1


@kernel(
    "i8[:]", "f8[:,:]", "f8[:,:]", "f8[:]", "i1[:]", "i1[:]", "f8[:]", "f8[:]", "f8[:]", "i8[:]",
    "i8", "i8", "f8", "i8", "f8[:,:]",
)  # fmt: skip
def run_areas(  # noqa: PLR0913  one argument per port and parameter
    counts: NDArray[np.int64], members: FloatGrid, areas: FloatGrid,
    close: FloatColumn, is_high: ByteColumn, is_low: ByteColumn, high_price: FloatColumn, low_price: FloatColumn,
    width: FloatColumn, times: TimeColumn,
    lookback: int, min_touches: int, buffer: float, patience: int, versions: FloatGrid,
) -> int:  # fmt: skip
    """Returns the number of versions, or FULL; `counts` are bars seen, first and last member, areas ever in use."""
    bar, first, last, used = float(counts[0]), counts[1], counts[2], counts[3]
    count = 0
    floor, ceiling, due = -np.inf, np.inf, 0.0  # where and until when no area can change
    for i in range(len(close)):
        x, w, gone, came = close[i], width[i], first, last
        first, count = expire(areas, members, versions, count, first, last, bar - lookback + 1.0, i)
        by_high, used, last = take(areas, used, members, last, is_high[i], high_price[i], x, w, bar)
        by_low, used, last = take(areas, used, members, last, is_low[i], low_price[i], x, w, bar)
        bar += 1.0
        if gone == first and came == last and bar <= due and floor < x < ceiling:
            continue  # the price is between the areas, and all are quiet
        floor, ceiling, due = -np.inf, np.inf, np.inf
        for a in range(used):
            if areas[a, USED] == 0.0:
                continue
            if not is_quiet(areas, a, x, bar - 1.0):
                away = high_price[i] >= areas[a, HIGH] + w or low_price[i] <= areas[a, LOW] - w
                if away and by_high != a != by_low:  # how a bar went to and fro within itself is not known
                    areas[a, AWAY] = 1.0
                if follow_area(areas, a, x, w, float(times[i]), min_touches, buffer, patience):
                    forget(members, first, last, a)
                    areas[a, USED] = 0.0
                shown = areas[a, USED] == 1.0 and areas[a, TOUCHES] >= min_touches
                score = grade(areas, a, bar - 1.0, lookback)
                count = publish(areas, a, versions, count, i, score, shown)
                due = 0.0
            due = min(due, areas[a, DUE])
            floor = max(floor, areas[a, HIGH] if areas[a, SIDE] > 0.0 else floor)
            ceiling = min(ceiling, areas[a, LOW] if areas[a, SIDE] < 0.0 else ceiling)
        if count > len(versions):
            return FULL
    counts[0], counts[1], counts[2], counts[3] = int(bar), first, last, used
    return count
