"""What happens to one market inside one bar.

1. funding due at the opening instant, 2. the open: liquidation, protective orders passed by a gap, resting orders,
market orders, 3. funding due later inside the bar, 4. the path open → extreme → extreme → close, event by event.  The
rules are written out in docs/matching.md; tests/engine/matching has a table of cases for each.
"""

from typing import Any

from engine.kernel import part
from engine.matching.book import book_exit, book_fill, unrealized
from engine.matching.orders import (
    affordable,
    below_minimum,
    cancel_entries,
    close_at_market,
    next_sent,
    quantity_for,
    withdraw_adds,
)
from engine.matching.records import (
    BY_LIQUIDATION,
    ENTRY,
    LIMIT,
    LIQUIDATED,
    MARKET,
    NO_MARGIN,
    OPTIMISTIC,
    PESSIMISTIC,
    POST_ONLY,
    STOP,
    STOP_HIT,
    TARGET_HIT,
    TRAIL_HIT,
)

NOTHING, PROTECTIVE_STOP, LIQUIDATION, PROFIT_TARGET, WORKING = 0, 1, 2, 3, 4


@part
def slipped(rules: Any, market: Any, buying: int, price: float) -> float:
    """Price of a market or stop fill: worse by the slippage, then rounded to the tick, again for the worse."""
    side = 1.0 if buying == 1 else -1.0
    worse = price * (1.0 + side * rules.slippage) + side * rules.slippage_ticks * market.tick
    if market.tick <= 0.0:
        return worse
    steps = worse / market.tick
    whole = float(round(steps))
    if abs(steps - whole) > 1e-6:
        whole = float(int(steps)) + (1.0 if side > 0 else 0.0)
    return max(whole * market.tick, market.tick)


@part
def capped(rules: Any, market: Any, quantity: float, volume: float, taken: float) -> float:
    """The part of a quantity that the volume of this bar still allows, in whole steps."""
    if rules.volume_cap <= 0.0:
        return quantity
    room = max(0.0, rules.volume_cap * volume - taken)
    if quantity <= room:
        return quantity
    if market.step > 0.0:
        return float(int(room / market.step + 1e-9)) * market.step
    return room


@part
def settle_funding(
    account: Any, position: Any, bar: int, inside: int, price: float, f_bar: Any, f_rate: Any, f_price: Any,
    f_inside: Any, f_end: int,
) -> None:  # fmt: skip
    """Pay or receive the funding due at the open (inside = 0) or later within the bar (inside = 1).

    amount = -quantity x mark x rate: longs pay a positive rate.  Without mark prices the last price is used.
    """
    while position.next_funding < f_end and f_bar[position.next_funding] <= bar:
        i = position.next_funding
        if f_bar[i] == bar and f_inside[i] > inside:
            return
        if f_bar[i] == bar and position.quantity != 0.0:
            mark = f_price[i] if f_price[i] > 0.0 else price
            amount = -position.quantity * mark * f_rate[i]
            account.cash += amount
            position.funding += amount
        position.next_funding += 1


@part
def exit_now(
    account: Any, position: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, bar: int, time: int, price: float, reference: float, maker: int, reason: int, volume: float, taken: float,
) -> float:  # fmt: skip
    """Execute a protective order; what the volume cap leaves open goes out at market from the next bar on."""
    quantity, side = abs(position.quantity), 1 if position.quantity > 0 else -1
    part_now = quantity if reason == LIQUIDATED else capped(rules, market, quantity, volume, taken)
    if reason == LIQUIDATED:
        cancel_entries(position, orders, rejects, s, BY_LIQUIDATION)
    if part_now > 0.0:
        sold = -side * part_now
        book_exit(account, position, rules, fills, trades, s, bar, time, sold, price, reference, maker, reason)
    if position.quantity != 0.0:
        position.stop, position.target, position.leaving = float("nan"), float("nan"), 1
        close_at_market(account, position, orders, rejects, s, bar, bar + 1, reason)
    else:
        drop_closing_orders(position, orders, s)
        withdraw_adds(position, orders, rejects, s, side)
    return part_now


@part
def drop_closing_orders(position: Any, orders: Any, s: int) -> None:
    """Reduce-only orders of a position that is gone."""
    for k in range(position.top):
        if orders[s, k].active == 1 and orders[s, k].reduce_only == 1:
            orders[s, k].active = 0
            position.orders -= 1


@part
def stop_reason(position: Any) -> int:
    """A stop that has been moved is a trailing stop."""
    return TRAIL_HIT if position.trailed == 1 else STOP_HIT


@part
def execute(
    account: Any, positions: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, k: int, bar: int, time: int, price: float, reference: float, maker: int, volume: float, taken: float,
) -> float:  # fmt: skip
    """Execute a working order at a price; returns the quantity filled now, the rest keeps working."""
    position, order = positions[s], orders[s, k]
    position.last = reference
    quantity = order.quantity
    if order.sized == 0:
        quantity = quantity_for(order, rules, market, account.cash + unrealized(positions), price)
    if order.reduce_only == 1:
        there = abs(position.quantity) if position.quantity * order.side < 0 else 0.0
        quantity = there if order.reason != ENTRY else min(quantity, there)  # a closing order closes whatever is there
        order.quantity = quantity
    else:
        refused = below_minimum(market, quantity, price) if order.sized == 0 else -1
        if refused < 0:
            held = position.quantity * order.side
            wanted = quantity
            if held >= 0.0:
                leverage = position.leverage if held > 0.0 else order.leverage
                quantity = affordable(account, positions, rules, market, leverage, quantity, price)
            if quantity < wanted and below_minimum(market, quantity, price) >= 0:
                refused = NO_MARGIN
        if refused >= 0:
            rejects[refused] += 1
            order.active = 0
            position.orders -= 1
            return 0.0
        order.quantity = quantity
    order.sized = 1
    now = capped(rules, market, quantity, volume, taken)
    if now > 0.0:
        was = position.quantity
        book_fill(
            account, position, order, rules, market, fills, trades, s, bar, time, order.side * now, price, reference,
            maker, order.reason,
        )  # fmt: skip
        order.quantity -= now
        if was != 0.0 and position.quantity == 0.0:
            drop_closing_orders(position, orders, s)
    if order.active == 1:
        order.from_bar, order.rested = bar + 1, 1  # the volume cap left a rest; a bar serves an order once
        if order.quantity <= 1e-12 * max(now, market.step):
            order.active = 0
            position.orders -= 1
    return now


@part
def at_open(
    account: Any, positions: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, bar: int, time: int, price: float, mark: float, volume: float,
) -> float:  # fmt: skip
    """Everything that happens at the opening price; returns the quantity traded."""
    p = positions[s]
    taken = 0.0
    if p.quantity != 0.0:
        taken += protect_at_open(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, price, mark, volume, taken
        )
    for stage in range(2):  # resting stops and limits first, then market orders in the order they were sent
        sent = 0
        while p.orders > 0:
            k = next_sent(p, orders, s, sent)
            if k < 0:
                break
            order = orders[s, k]
            sent = order.sent
            if order.from_bar > bar or (order.kind == MARKET) != (stage == 1):
                continue
            maker = open_fill(order, market, rules, price)
            if maker == -2:
                order.active = 0
                p.orders -= 1
                rejects[POST_ONLY] += 1
            if maker < 0:
                order.rested = max(order.rested, 1)
                continue
            paid = price if maker == 1 else slipped(rules, market, 1 if order.side > 0 else 0, price)
            if order.kind == LIMIT:
                paid = price
            taken += execute(
                account, positions, orders, rules, market, fills, trades, rejects, s, k, bar, time, paid, price, maker,
                volume, taken,
            )  # fmt: skip
    if p.quantity != 0.0 and p.entry_bar == bar:
        taken += protect_at_open(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, price, mark, volume, taken
        )
    return taken


@part
def open_fill(order: Any, market: Any, rules: Any, price: float) -> int:
    """1 = the order fills at the open as maker, 0 = as taker, -1 = not, -2 = post-only would take."""
    side = float(order.side)
    if order.kind == MARKET:
        return 0
    if order.kind == STOP:
        return 0 if side * (price - order.price) >= 0.0 else -1
    if order.rested == 0 and side * (order.price - price) >= 0.0:
        return -2 if order.post_only == 1 else 0
    if order.rested > 0 and side * (order.price - price) >= rules.through_ticks * market.tick:
        return 1
    return -1


@part
def protect_at_open(
    account: Any, p: Any, orders: Any, rules: Any, market: Any, fills: Any, trades: Any, rejects: Any,
    s: int, bar: int, time: int, price: float, mark: float, volume: float, taken: float,
) -> float:  # fmt: skip
    """Liquidation, stop or target passed by the opening price: a stop fills at the open, never at the stop."""
    side = 1.0 if p.quantity > 0 else -1.0
    if side * (p.liquidation - mark) >= 0.0 and p.entry_bar < bar:
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, p.bankruptcy, price, 0,
            LIQUIDATED, volume, taken,
        )  # fmt: skip
    if side * (p.stop - price) >= 0.0:
        paid = slipped(rules, market, 1 if side < 0 else 0, price)
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, paid, price, 0, stop_reason(p),
            volume, taken,
        )  # fmt: skip
    if side * (price - p.target) >= rules.through_ticks * market.tick:
        return exit_now(
            account, p, orders, rules, market, fills, trades, rejects, s, bar, time, price, price, 1, TARGET_HIT,
            volume, taken,
        )  # fmt: skip
    return 0.0


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
