"""Bookkeeping of fills: what a fill does to cash, position, the fill log and the trade log."""

from typing import Any

from engine.kernel import part
from engine.matching.records import ENTRY, REDUCED, REVERSED


@part
def unrealized(positions: Any) -> float:
    """Profit of all open positions at their last prices, quote currency."""
    total = 0.0
    for s in range(positions.size):
        p = positions[s]
        if p.quantity != 0.0:
            total += p.quantity * (p.last - p.entry)
    return total


@part
def free_margin(account: Any, positions: Any) -> float:
    """Cash that is not bound as margin and not lost in open positions."""
    free = account.cash
    for s in range(positions.size):
        p = positions[s]
        if p.quantity != 0.0:
            free -= p.margin
            free += min(0.0, p.quantity * (p.last - p.entry))
    return free


@part
def book_fill(
    account: Any, position: Any, order: Any, rules: Any, market: Any, fills: Any, trades: Any,
    symbol: int, bar: int, time: int, quantity: float, price: float, reference: float, maker: int, reason: int,
) -> None:  # fmt: skip
    """Book one execution of signed `quantity`; closes, opens or adds to the position, splitting a flip in two."""
    held = position.quantity
    if held != 0.0 and held * quantity < 0.0 and abs(quantity) > abs(held):
        _reduce(
            account, position, rules, fills, trades, symbol, bar, time, -held, price, reference, maker, REVERSED,
            order.decision_bar,
        )  # fmt: skip
        rest = quantity + held
        _open(account, position, order, rules, market, fills, symbol, bar, time, rest, price, reference, maker)
    elif held != 0.0 and held * quantity < 0.0:
        why = REDUCED if reason == ENTRY else reason
        _reduce(
            account, position, rules, fills, trades, symbol, bar, time, quantity, price, reference, maker, why,
            order.decision_bar,
        )  # fmt: skip
    else:
        _open(account, position, order, rules, market, fills, symbol, bar, time, quantity, price, reference, maker)


@part
def book_exit(
    account: Any, position: Any, rules: Any, fills: Any, trades: Any,
    symbol: int, bar: int, time: int, quantity: float, price: float, reference: float, maker: int, reason: int,
) -> None:  # fmt: skip
    """Book the execution of a protective order (stop, target, liquidation, end of data)."""
    _reduce(
        account, position, rules, fills, trades, symbol, bar, time, quantity, price, reference, maker, reason,
        position.decision_bar,
    )  # fmt: skip


@part
def _log(
    account: Any, fills: Any, symbol: int, bar: int, time: int, decided: int,
    quantity: float, price: float, reference: float, fee: float, maker: int, reason: int,
) -> None:  # fmt: skip
    f = fills[account.fills]
    f.symbol, f.bar, f.time, f.decision_bar = symbol, bar, time, decided
    f.quantity, f.price, f.reference, f.fee = quantity, price, reference, fee
    f.maker, f.reason = maker, reason
    account.fills += 1


@part
def _open(
    account: Any, p: Any, order: Any, rules: Any, market: Any, fills: Any,
    symbol: int, bar: int, time: int, quantity: float, price: float, reference: float, maker: int,
) -> None:  # fmt: skip
    fee = abs(quantity) * price * (rules.maker if maker == 1 else rules.taker)
    account.cash -= fee
    if p.quantity == 0.0:
        _start_trade(p, order, bar, time, price)
    size = abs(p.quantity) + abs(quantity)
    p.entry = (p.entry * abs(p.quantity) + price * abs(quantity)) / size
    p.quantity += quantity
    p.fees += fee
    p.entered += abs(quantity)
    p.entered_value += abs(quantity) * price
    p.peak = max(p.peak, abs(p.quantity))
    p.margin = abs(p.quantity) * p.entry / p.leverage
    p.last = price
    _set_liquidation(p, rules, market)
    _log(account, fills, symbol, bar, time, order.decision_bar, quantity, price, reference, fee, maker, ENTRY)


@part
def _start_trade(p: Any, order: Any, bar: int, time: int, price: float) -> None:
    """Reset the position record for a new trade; the bracket of the order becomes the bracket of the position."""
    p.entry = price
    p.leverage, p.confidence, p.policy = order.leverage, order.confidence, order.policy
    p.stop, p.target, p.first_stop, p.first_target = order.stop, order.target, order.stop, order.target
    p.risk = abs(price - order.stop) if order.stop == order.stop else 0.0
    p.best = price
    p.fees, p.funding, p.realized = 0.0, 0.0, 0.0
    p.entered, p.entered_value, p.left, p.left_value, p.peak = 0.0, 0.0, 0.0, 0.0, 0.0
    p.entry_bar, p.entry_time, p.decision_bar = bar, time, order.decision_bar
    p.age, p.age_done, p.near_done, p.intrabar, p.ambiguous, p.trailed, p.leaving = 0, 0, 0, 0, 0, 0, 0


@part
def liquidation_price(side: float, entry: float, leverage: float, mmr: float, classic: int) -> float:
    """Mark price at which an isolated USDT position is taken over.

    Source: `field/bybit_v5.md` section 11, without extra margin and tier deduction: since 2025-09
    long entry(1-1/lev)/(1-mmr), short entry(1+1/lev)/(1+mmr); before ("classic") entry(1 -/+ (1/lev - mmr)).
    """
    if classic == 1:
        return entry * (1.0 - side * (1.0 / leverage - mmr))
    return entry * (1.0 - side / leverage) / (1.0 - side * mmr)


@part
def _set_liquidation(p: Any, rules: Any, market: Any) -> None:
    side = 1.0 if p.quantity > 0 else -1.0
    p.bankruptcy = p.entry * (1.0 - side / p.leverage)
    p.liquidation = liquidation_price(side, p.entry, p.leverage, market.maintenance_margin, rules.classic_liquidation)
    if rules.liquidation == 0 or p.liquidation <= 0:
        p.liquidation = -1e300 if side > 0 else 1e300


@part
def _reduce(
    account: Any, p: Any, rules: Any, fills: Any, trades: Any,
    symbol: int, bar: int, time: int, quantity: float, price: float, reference: float, maker: int, reason: int,
    decided: int,
) -> None:  # fmt: skip
    fee = abs(quantity) * price * (rules.maker if maker == 1 else rules.taker)
    gain = -quantity * (price - p.entry)
    account.cash += gain - fee
    p.realized += gain
    p.fees += fee
    p.left += abs(quantity)
    p.left_value += abs(quantity) * price
    side = 1 if p.quantity > 0 else -1
    p.quantity += quantity
    if abs(p.quantity) <= 1e-12 * p.peak:
        p.quantity = 0.0
    p.margin = abs(p.quantity) * p.entry / p.leverage
    p.last = price
    _log(account, fills, symbol, bar, time, decided, quantity, price, reference, fee, maker, reason)
    if p.quantity == 0.0:
        _log_trade(account, p, trades, fills, symbol, side, reason)


@part
def _log_trade(account: Any, p: Any, trades: Any, fills: Any, symbol: int, side: int, reason: int) -> None:
    last = fills[account.fills - 1]
    t = trades[account.trades]
    t.symbol, t.side, t.quantity, t.decision_bar = symbol, side, p.peak, p.decision_bar
    t.entry_bar, t.entry_time, t.exit_bar, t.exit_time = p.entry_bar, p.entry_time, last.bar, last.time
    t.entry_price, t.exit_price = p.entered_value / p.entered, p.left_value / p.left
    t.reason, t.fees, t.funding, t.pnl = reason, p.fees, p.funding, p.realized - p.fees + p.funding
    t.stop, t.target, t.last_stop, t.confidence = p.first_stop, p.first_target, p.stop, p.confidence
    t.ambiguous = p.ambiguous
    account.trades += 1
    p.stop, p.target = float("nan"), float("nan")
