"""Executes orders at a price: slippage, volume cap, the closing of a position, the filling of a working order."""

from typing import Any

from engine.kernel import part
from engine.matching.book import book_exit, book_fill, unrealized
from engine.matching.orders import (
    affordable,
    below_minimum,
    cancel_entries,
    close_at_market,
    quantity_for,
    withdraw_adds,
)
from engine.matching.records import BY_LIQUIDATION, ENTRY, LIQUIDATED, NO_MARGIN, STOP_HIT, TRAIL_HIT


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
