"""What happens to one market at the open of a bar.

Liquidation, protective orders passed by a gap, resting orders, market orders, in this order (M4 of docs/matching.md).
"""

from typing import Any

from engine.kernel import part
from engine.matching.execution import execute, exit_now, slipped, stop_reason
from engine.matching.orders import next_sent
from engine.matching.records import LIMIT, LIQUIDATED, MARKET, POST_ONLY, STOP, TARGET_HIT


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
