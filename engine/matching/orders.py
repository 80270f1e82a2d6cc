"""From intents to working orders: side checks, sizing, rounding, slots."""

from typing import Any

from engine.kernel import part
from engine.matching.book import free_margin, unrealized
from engine.matching.exits import towards_price
from engine.matching.records import (
    AMEND,
    BAD_PRICE,
    BANKRUPT,
    BELOW_NOTIONAL,
    BELOW_QUANTITY,
    BY_EQUITY,
    BY_NOTIONAL,
    BY_RISK,
    CANCEL,
    CLOSE,
    CLOSE_ONLY,
    IGNORE,
    MARKET,
    NO_STOP,
    POSITION_CLOSING,
    REPLACED,
    REVERSED,
    STOP_SIDE,
    STRATEGY_EXIT,
    TARGET_SIDE,
    TOO_MANY,
)


@part
def floor_to(value: float, step: float) -> float:
    """Largest multiple of `step` not above `value`; 1e-9 of a step forgives the last bit of a division."""
    if step <= 0.0:
        return value
    return float(int(value / step + 1e-9)) * step


@part
def quantity_for(order: Any, rules: Any, market: Any, equity: float, price: float) -> float:
    """Quantity of an order by its size rule, rounded down to the step (sources: DOMAIN 5.1 and engine.values.Size)."""
    if order.rule == BY_RISK:
        risk = equity * order.value
        if order.max_loss > 0.0:
            risk = min(risk, order.max_loss)
        quantity = risk / (abs(price - order.stop) + (price + order.stop) * rules.taker)
    elif order.rule == BY_NOTIONAL:
        quantity = order.value / price
    elif order.rule == BY_EQUITY:
        quantity = equity * order.value / (price * (1.0 + order.fee_reserve))
    else:
        quantity = order.value
    return floor_to(max(quantity, 0.0), market.step)


@part
def affordable(
    account: Any, positions: Any, rules: Any, market: Any, leverage: float, quantity: float, price: float
) -> float:
    """The part of `quantity` that free margin pays for, fee included; 0 if a shortfall is to be refused."""
    free = free_margin(account, positions)
    need = price / leverage + price * max(rules.taker, 0.0)
    if quantity * need <= free * (1.0 + 1e-12):
        return quantity
    if rules.reject_short_margin == 1 or free <= 0.0:
        return 0.0
    return floor_to(free / need, market.step)


@part
def below_minimum(market: Any, quantity: float, price: float) -> int:
    """The index of the minimum rule a quantity breaks, or -1."""
    if quantity <= 0.0 or quantity < market.min_quantity * (1.0 - 1e-9):
        return BELOW_QUANTITY
    if quantity * price < market.min_notional * (1.0 - 1e-9):
        return BELOW_NOTIONAL
    return -1


@part
def free_slot(orders: Any, symbol: int) -> int:
    """Index of an unused order record, or -1."""
    for k in range(orders.shape[1]):
        if orders[symbol, k].active == 0:
            return k
    return -1


@part
def cancel_entries(position: Any, orders: Any, rejects: Any, symbol: int, reason: int) -> None:
    """Withdraw all working orders that are not closing orders."""
    for k in range(position.top):
        order = orders[symbol, k]
        if order.active == 1 and order.reduce_only == 0:
            order.active = 0
            position.orders -= 1
            rejects[reason] += 1


@part
def withdraw_adds(position: Any, orders: Any, rejects: Any, symbol: int, side: int) -> None:
    """A position that is being left takes the working entries of its side with it, or they would open it again."""
    for k in range(position.top):
        order = orders[symbol, k]
        if order.active == 1 and order.reduce_only == 0 and order.side == side:
            order.active = 0
            position.orders -= 1
            rejects[POSITION_CLOSING] += 1


@part
def close_at_market(
    account: Any, position: Any, orders: Any, rejects: Any, symbol: int, bar: int, from_bar: int, reason: int
) -> None:
    """Place the order that closes the whole position from the next open on, unless one works already."""
    withdraw_adds(position, orders, rejects, symbol, 1 if position.quantity > 0 else -1)
    for k in range(position.top):
        if orders[symbol, k].active == 1 and orders[symbol, k].reduce_only == 1 and orders[symbol, k].kind == MARKET:
            return
    k = free_slot(orders, symbol)
    if k < 0:
        rejects[TOO_MANY] += 1
        return
    order = orders[symbol, k]
    order.kind, order.reduce_only, order.post_only = MARKET, 1, 0
    order.side = -1 if position.quantity > 0 else 1
    order.quantity = abs(position.quantity)
    order.reason, order.from_bar, order.decision_bar = reason, from_bar, bar
    order.age, order.policy, order.rested, order.sized = 0, position.policy, 0, 1
    work(account, position, order, k)


@part
def work(account: Any, position: Any, order: Any, slot: int) -> None:
    """Let an order work, behind all that were sent before it."""
    position.top = max(position.top if position.orders > 0 else 0, slot + 1)
    account.sent += 1
    order.sent = account.sent
    order.active = 1
    position.orders += 1


@part
def next_sent(position: Any, orders: Any, symbol: int, after: int) -> int:
    """Slot of the working order that was sent next after number `after`, or -1."""
    best = -1
    for k in range(position.top):
        order = orders[symbol, k]
        if order.active == 1 and order.sent > after and (best < 0 or order.sent < orders[symbol, best].sent):
            best = k
    return best


@part
def submit(
    intent: Any, account: Any, positions: Any, orders: Any, rules: Any, market: Any, policies: Any, rejects: Any,
    from_bar: int,
) -> None:  # fmt: skip
    """Take one intent at the close of its bar; its orders work from `from_bar` on."""
    s = intent.symbol
    position = positions[s]
    if intent.action == CLOSE:
        if position.quantity != 0.0:
            close_at_market(account, position, orders, rejects, s, intent.bar, from_bar, STRATEGY_EXIT)
    elif intent.action == CANCEL:
        cancel_entries(position, orders, rejects, s, REPLACED)
    elif intent.action == AMEND:
        _amend(intent, position, market)
    else:
        _enter(intent, account, positions, orders, rules, market, policies, rejects, from_bar)


@part
def _amend(intent: Any, position: Any, market: Any) -> None:
    """New stop or target of the open position; a stop that would loosen is ignored."""
    if position.quantity == 0.0 or position.leaving == 1:
        return
    side = 1.0 if position.quantity > 0 else -1.0
    stop = towards_price(side, intent.stop, market.tick)
    if stop == stop and (position.stop != position.stop or side * (stop - position.stop) > 0):
        position.stop, position.trailed = stop, 1
    if intent.target == intent.target:
        position.target = towards_price(-side, intent.target, market.tick)


@part
def _enter(
    intent: Any, account: Any, positions: Any, orders: Any, rules: Any, market: Any, policies: Any, rejects: Any,
    from_bar: int,
) -> None:  # fmt: skip
    s = intent.symbol
    position = positions[s]
    held = position.quantity * intent.direction
    if held > 0.0 and intent.add == 0 and intent.reduce_only == 0:
        return
    if held < 0.0 and intent.opposite == IGNORE and intent.reduce_only == 0:
        return
    if intent.reduce_only == 0:
        cancel_entries(position, orders, rejects, s, REPLACED)
        if held < 0.0:
            reason = REVERSED if intent.opposite != CLOSE_ONLY else STRATEGY_EXIT
            close_at_market(account, position, orders, rejects, s, intent.bar, from_bar, reason)
            if intent.opposite == CLOSE_ONLY:
                return
        if account.cash + unrealized(positions) <= 0.0:
            rejects[BANKRUPT] += 1
            return
    k = free_slot(orders, s)
    if k < 0:
        rejects[TOO_MANY] += 1
        return
    order = orders[s, k]
    _fill_in(order, intent, policies, market, position.last, from_bar)
    refused = _refusal(order, position.last)
    if refused < 0 and rules.size_at_fill == 0:
        price = position.last if order.kind == MARKET else order.price
        equity = account.cash + unrealized(positions)
        order.quantity = quantity_for(order, rules, market, equity, price)
        order.sized = 1
        refused = below_minimum(market, order.quantity, price)
    if refused >= 0:
        rejects[refused] += 1
        return
    work(account, position, order, k)


@part
def _fill_in(order: Any, intent: Any, policies: Any, market: Any, last: float, from_bar: int) -> None:
    """Write an entry order from its intent, prices rounded on the safe side, the stop shifted by its policy."""
    side = float(intent.direction)
    order.side, order.kind, order.policy = intent.direction, intent.kind, intent.policy
    order.rule, order.value = intent.rule, intent.value
    order.max_loss, order.fee_reserve = intent.max_loss, intent.fee_reserve
    order.leverage, order.confidence = intent.leverage, intent.confidence
    order.reduce_only, order.post_only = intent.reduce_only, intent.post_only
    order.from_bar, order.decision_bar, order.age, order.rested, order.reason = from_bar, intent.bar, 0, 0, 0
    order.quantity, order.sized = 0.0, 0
    # A limit never pays more than asked, a stop entry never starts earlier than asked.
    order.price = towards_price(-side if intent.kind == 1 else side, intent.price, market.tick)
    reference = last if intent.kind == MARKET else order.price
    stop = intent.stop
    if intent.policy >= 0 and stop == stop:
        p = policies[intent.policy]
        shift = p.stop_shift_long if side > 0 else p.stop_shift_short
        basis = reference if p.shift_on_price == 1 else abs(reference - stop)
        stop -= side * basis * shift / 100.0
    order.stop = towards_price(side, stop, market.tick)
    order.target = towards_price(-side, intent.target, market.tick)


@part
def _refusal(order: Any, last: float) -> int:
    """Why an entry order cannot be placed, or -1."""
    reference = last if order.kind == MARKET else order.price
    if not (reference > 0.0) or not (reference < 1e300):
        return BAD_PRICE
    if order.rule == BY_RISK and order.stop != order.stop:
        return NO_STOP
    if order.stop == order.stop and (order.side * (reference - order.stop) <= 0.0 or order.stop <= 0.0):
        return STOP_SIDE
    if order.target == order.target and order.side * (order.target - reference) <= 0.0:
        return TARGET_SIDE
    return -1
