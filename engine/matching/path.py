"""What happens to one market inside a bar: the assumed path open, extreme, extreme, close, event by event.

Rules M11 to M13 of docs/matching.md.
"""

from typing import Any

from engine.kernel import part
from engine.matching.execution import execute, exit_now, slipped, stop_reason
from engine.matching.records import LIMIT, LIQUIDATED, MARKET, OPTIMISTIC, PESSIMISTIC, STOP, TARGET_HIT

NOTHING, PROTECTIVE_STOP, LIQUIDATION, PROFIT_TARGET, WORKING = 0, 1, 2, 3, 4


@part
def high_first(path: int, quantity: float, open_: float, high: float, low: float) -> int:
    """1 if the path goes to the high before the low."""
    helpful = 1 if quantity > 0 else 0  # for a long the high helps; flat counts as short, so the low comes first
    if path == PESSIMISTIC:
        return 1 - helpful if quantity != 0.0 else 0
    if path == OPTIMISTIC:
        return helpful
    if high - open_ < open_ - low:
        return 1
    if high - open_ > open_ - low:
        return 0
    return 1 - helpful if quantity != 0.0 else 0


@part
def walk(
    account: Any, positions: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, bar: int, time: int, open_: float, high: float, low: float, close: float, volume: float, taken: float,
    mark_low: float, mark_high: float, has_mark: int,
) -> None:  # fmt: skip
    """Walk the assumed path and execute what it meets, nearest level first."""
    p = positions[s]
    up = high_first(rules.path, p.quantity, open_, high, low)
    first, second = (high, low) if up == 1 else (low, high)
    third = close
    here = open_
    leg = 0
    levels = levels_inside(p, orders, s, bar, rules, market, high, low, mark_low, mark_high)
    if levels == 0 and has_mark == 0:
        return  # nothing to meet on any path
    if levels > 1 or (levels == 1 and (p.quantity == 0.0 or p.orders > 0)):
        account.ambiguous += 1
    if p.quantity != 0.0 and levels > 1:
        p.ambiguous = 1
    for _ in range(64):
        if leg > 2:
            break
        goal = first if leg == 0 else (second if leg == 1 else third)
        what, k, level = next_event(p, orders, s, bar, rules, market, here, goal, has_mark)
        if what == NOTHING:
            here = goal
            leg += 1
            if has_mark == 1 and p.quantity != 0.0 and liquidated_by_mark(p, mark_low, mark_high, goal, low, high) == 1:
                exit_now(
                    account, p, orders, rules, market, fills, trades, rejects, s, bar, time, p.bankruptcy, goal, 0,
                    LIQUIDATED, volume, taken,
                )  # fmt: skip
            continue
        was = p.quantity
        went_up = goal > here
        here = level
        taken += meet(
            account, positions, orders, rules, market, fills, trades, rejects, s, bar, time, what, k, level, volume,
            taken,
        )  # fmt: skip
        if p.quantity != 0.0 and was * p.quantity <= 0.0:
            # After an entry inside the bar only prices provably later count: the extreme the price was running to,
            # then the close.  The pessimistic path also lets the other extreme hurt.
            p.intrabar = 1
            far, near = (high, low) if went_up else (low, high)
            hurts = (p.quantity > 0) == went_up  # the extreme already behind would hurt
            p.ambiguous = 1 if levels_of(p, rules, market, near, level) > 0 else p.ambiguous
            leg = 1
            second, third = far, close
            if (rules.path == PESSIMISTIC and hurts) or (rules.path == OPTIMISTIC and not hurts):
                leg = 0
                first, second = (near, far) if rules.path == PESSIMISTIC else (far, near)


@part
def liquidated_by_mark(p: Any, mark_low: float, mark_high: float, goal: float, low: float, high: float) -> int:
    """1 when the last price is at its hurting extreme and the mark price went through the liquidation price."""
    if p.quantity > 0:
        return 1 if goal == low and mark_low <= p.liquidation else 0
    return 1 if goal == high and mark_high >= p.liquidation else 0


@part
def levels_of(p: Any, rules: Any, market: Any, extreme: float, level: float) -> int:
    """How many protective levels lie between a fill at `level` and an extreme of the bar."""
    side = 1.0 if p.quantity > 0 else -1.0
    count = 0
    if side * (p.stop - extreme) >= 0.0:
        count += 1
    if side * (extreme - p.target) >= rules.through_ticks * market.tick:
        count += 1
    return count


@part
def levels_inside(
    p: Any, orders: Any, s: int, bar: int, rules: Any, market: Any, high: float, low: float, mark_low: float,
    mark_high: float,
) -> int:  # fmt: skip
    """How many levels the bar can reach, which tells whether the order of its prices matters."""
    count = 0
    if p.quantity != 0.0:
        count += levels_of(p, rules, market, low, p.entry) + levels_of(p, rules, market, high, p.entry)
        if (mark_low <= p.liquidation) if p.quantity > 0 else (mark_high >= p.liquidation):
            count += 1
    if p.orders > 0:
        for k in range(p.top):
            order = orders[s, k]
            if order.active == 1 and order.from_bar <= bar and order.kind != MARKET and low <= order.price <= high:
                count += 1
    return count


@part
def sooner(here: float, goal: float, level: float, best: float, what: int) -> bool:
    """Whether a level lies on the way from `here` to `goal`, nearer than the event found so far, if there is one."""
    way = 1.0 if goal > here else -1.0
    distance = way * (level - here)
    if not (distance >= 0.0 and way * (goal - level) >= 0.0):
        return False
    return distance < best or (distance == best and what == NOTHING)


@part
def next_event(
    p: Any, orders: Any, s: int, bar: int, rules: Any, market: Any, here: float, goal: float, has_mark: int
) -> tuple[int, int, float]:
    """The first level the price meets on its way from `here` to `goal`: (what, order slot, level).

    At one and the same price what hurts comes first: stop, liquidation, stop orders, target, limits.
    """
    way = 1.0 if goal > here else -1.0
    through = rules.through_ticks * market.tick
    what, slot, best = NOTHING, -1, abs(goal - here)
    level = goal
    if p.quantity != 0.0:
        side = 1.0 if p.quantity > 0 else -1.0
        if side != way:
            distance = abs(p.stop - here)
            if way * (goal - p.stop) >= 0.0 and way * (p.stop - here) >= 0.0 and distance <= best:
                what, best, level = PROTECTIVE_STOP, distance, p.stop
            if has_mark == 0 and sooner(here, goal, p.liquidation, best, what):
                what, best, level = LIQUIDATION, abs(p.liquidation - here), p.liquidation
    if p.orders > 0:
        for k in range(p.top):
            order = orders[s, k]
            if order.active == 0 or order.kind != STOP or order.from_bar > bar or order.side != way:
                continue
            if sooner(here, goal, order.price, best, what):
                what, slot, best, level = WORKING, k, abs(order.price - here), order.price
    if p.quantity != 0.0 and p.target == p.target:
        side = 1.0 if p.quantity > 0 else -1.0
        needed = p.target + side * through
        if side == way and sooner(here, goal, needed, best, what):
            what, slot, best, level = PROFIT_TARGET, -1, abs(needed - here), p.target
    if p.orders > 0:
        for k in range(p.top):
            order = orders[s, k]
            if order.active == 0 or order.kind != LIMIT or order.from_bar > bar or order.side == way:
                continue
            needed = order.price + way * through
            if sooner(here, goal, needed, best, what):
                what, slot, best, level = WORKING, k, abs(needed - here), order.price
    return what, slot, level


@part
def meet(
    account: Any, positions: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, bar: int, time: int, what: int, k: int, level: float, volume: float, taken: float,
) -> float:  # fmt: skip
    """Execute the event at a level of the path."""
    p = positions[s]
    selling = 1 if p.quantity > 0 else 0
    if what == PROTECTIVE_STOP:
        paid = slipped(rules, market, 1 - selling, level)
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, paid, level, 0, stop_reason(p),
            volume, taken,
        )  # fmt: skip
    if what == LIQUIDATION:
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, p.bankruptcy, level, 0, LIQUIDATED,
            volume, taken,
        )  # fmt: skip
    if what == PROFIT_TARGET:
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, level, level, 1, TARGET_HIT,
            volume, taken,
        )  # fmt: skip
    order = orders[s, k]
    if order.kind == LIMIT:
        return execute(
            account, positions, orders, rules, market, fills, trades, rejects, s, k, bar, time, level, level, 1, volume,
            taken,
        )  # fmt: skip
    paid = slipped(rules, market, 1 if order.side > 0 else 0, level)
    order.kind, order.rested = MARKET, max(order.rested, 1)  # triggered: what the cap leaves over is a market order
    return execute(
        account, positions, orders, rules, market, fills, trades, rejects, s, k, bar, time, paid, level, 0, volume,
        taken,
    )  # fmt: skip
