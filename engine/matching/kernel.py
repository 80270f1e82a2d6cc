"""The matching kernel: advances accounts, positions and orders over a range of bars.

It can be called for one bar (paper exchange, row-by-row back-test) or for the whole history (lowered back-test); state
and results are the same.  Bars in which nothing can happen are passed over in a tight scan.
"""

from typing import Any

from engine.kernel import kernel, part
from engine.matching.book import book_exit, unrealized
from engine.matching.execution import slipped
from engine.matching.exits import advance, tighter
from engine.matching.funding import settle_funding
from engine.matching.opening import at_open
from engine.matching.orders import cancel_entries, close_at_market, submit
from engine.matching.path import walk
from engine.matching.records import (
    ACCOUNT,
    END_OF_DATA,
    EXPIRED,
    INTENT,
    MARKET_RULES,
    ORDER,
    POLICY,
    POSITION,
    RULES,
)
from engine.result import FILL, TRADE

DONE, LOG_FULL = 0, 1
LOG_SLACK = 64  # free rows a bar may need per symbol

RECORDS = {
    "account": ACCOUNT,
    "intent": INTENT,
    "market": MARKET_RULES,
    "order": ORDER,
    "policy": POLICY,
    "position": POSITION,
    "rules": RULES,
    "fill": FILL,
    "trade": TRADE,
}


@kernel(
    "account[:]", "position[:]", "order[:,:]", "rules[:]", "market[:]", "policy[:]", "intent[:]", "fill[:]", "trade[:]",
    "i8[:]", "i8[:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "f8[:,:]", "f8[:,:]",
    "i8", "i8", "i8[:]", "f8[:]", "f8[:]", "i8[:]", "i8[:]", "i4[:,:]", "i1[:,:]", "f8[:,:]", "f8[:]", "i8",
    records=RECORDS,
)  # fmt: skip
def run_bars(
    accounts: Any, positions: Any, orders: Any, rules_: Any, markets: Any, policies: Any, intents: Any, fills: Any,
    trades: Any, rejects: Any, time: Any, open_: Any, high: Any, low: Any, close: Any, volume: Any, mark_open: Any,
    mark_high: Any, mark_low: Any, has_mark: int, bar_ms: int, f_bar: Any, f_rate: Any, f_price: Any, f_inside: Any,
    f_end: Any, rows: Any, flags: Any, series: Any, equity: Any, end: int,
) -> int:  # fmt: skip
    """Advance from `account.bar` to `end` (exclusive).

    Candle tables are (symbol, bar); a NaN open means the market has no bar there.  `rows[s, bar]` is the row of the
    decision candles that closes with the bar, -1 if none does; an empty table means every bar is a row.  `flags` and
    `series` are the columns of exit policies over rows.  `equity[bar]` is written for every bar passed.  Returns DONE,
    or LOG_FULL when the fill or trade log has to grow before the call is repeated.
    """
    account, rules = accounts[0], rules_[0]
    symbols = positions.size
    room = LOG_SLACK * symbols
    bar = account.bar
    while bar < end:
        if account.fills + room > fills.size or account.trades + room > trades.size:
            account.bar = bar
            return LOG_FULL
        while account.next_intent < intents.size and intents[account.next_intent].bar < bar:
            intent = intents[account.next_intent]
            from_bar = first_bar(time, bar, intent.bar, bar_ms, rules.latency_ms)
            submit(intent, account, positions, orders, rules, markets[intent.symbol], policies, rejects, from_bar)
            account.next_intent += 1
        if symbols == 1:
            bar = skip_quiet(
                account, positions[0], rules, markets[0], policies, intents, open_[0], high[0], low[0], close[0],
                mark_low[0], mark_high[0], f_bar, f_end[0], equity, bar, end,
            )  # fmt: skip
            if bar >= end:
                break
            if account.next_intent < intents.size and intents[account.next_intent].bar < bar:
                continue
        # All markets open, then all run, then all close, so that no fill at an open knows a later price of another.
        for s in range(symbols):
            opening(
                account, positions[s], bar, open_[s, bar], mark_open[s, bar], f_bar, f_rate, f_price, f_inside, f_end[s]
            )
        for s in range(symbols):
            p = positions[s]
            if p.opened == 1 and (p.quantity != 0.0 or p.orders > 0):
                p.taken = at_open(
                    account, positions, orders, rules, markets[s], fills, trades, rejects, s, bar, time[bar],
                    open_[s, bar], mark_open[s, bar], volume[s, bar],
                )  # fmt: skip
            if p.opened == 1:
                settle_funding(account, p, bar, 1, mark_open[s, bar], f_bar, f_rate, f_price, f_inside, f_end[s])
        for s in range(symbols):
            p = positions[s]
            if p.opened == 1 and (p.quantity != 0.0 or p.orders > 0):
                walk(
                    account, positions, orders, rules, markets[s], fills, trades, rejects, s, bar, time[bar],
                    open_[s, bar], high[s, bar], low[s, bar], close[s, bar], volume[s, bar], p.taken, mark_low[s, bar],
                    mark_high[s, bar], has_mark,
                )  # fmt: skip
        for s in range(symbols):
            if positions[s].opened == 1:
                row = bar if rows.size == 0 else rows[s, bar]
                later = first_bar(time, bar + 1, bar, bar_ms, rules.latency_ms)
                closing(
                    account, positions[s], orders, policies, rejects, s, bar, row, later, high[s, bar], low[s, bar],
                    close[s, bar], markets[s].tick, flags, series,
                )  # fmt: skip
        equity[bar] = account.cash + unrealized(positions)
        bar += 1
    account.bar = bar
    return DONE


@part
def first_bar(time: Any, bar: int, decided: int, bar_ms: int, latency: int) -> int:
    """First bar that opens no earlier than `latency` ms after the close of the deciding bar."""
    if latency == 0:
        return bar
    ready = time[decided] + bar_ms + latency
    while bar < time.size and time[bar] < ready:
        bar += 1
    return bar


@part
def skip_quiet(
    account: Any, p: Any, rules: Any, market: Any, policies: Any, intents: Any, open_: Any, high: Any, low: Any,
    close: Any, mark_low: Any, mark_high: Any, f_bar: Any, f_end: int, equity: Any, bar: int, end: int,
) -> int:  # fmt: skip
    """First bar from `bar` on in which something may happen; equity is written for those passed over."""
    if p.orders > 0:
        return bar
    last = end
    if account.next_intent < intents.size:
        last = min(last, intents[account.next_intent].bar + 1)
    start = bar
    if p.quantity == 0.0:
        cash = account.cash
        while bar < last:
            equity[bar] = cash
            bar += 1
    else:
        if p.policy >= 0 and policies[p.policy].managed == 1:
            return bar
        while p.next_funding < f_end and f_bar[p.next_funding] < bar:
            p.next_funding += 1
        if p.next_funding < f_end:
            last = min(last, f_bar[p.next_funding])
        floor, ceiling = quiet_band(p)
        mark_floor, mark_ceiling = -1e300, 1e300
        if p.quantity > 0:
            mark_floor = p.liquidation
        else:
            mark_ceiling = p.liquidation
        cash, quantity, entry = account.cash, p.quantity, p.entry
        while bar < last:
            if not (low[bar] > floor and high[bar] < ceiling):
                break
            if not (mark_low[bar] > mark_floor and mark_high[bar] < mark_ceiling):
                break
            equity[bar] = cash + quantity * (close[bar] - entry)
            bar += 1
        account.bars_in_market += bar - start
    if bar > start:
        p.last = close[bar - 1]
    return bar


@part
def quiet_band(p: Any) -> tuple[float, float]:
    """Prices between which neither stop, target nor liquidation of a position can be met."""
    floor, ceiling = -1e300, 1e300
    below, above = (p.stop, p.target) if p.quantity > 0 else (p.target, p.stop)
    if below == below:
        floor = below
    if above == above:
        ceiling = above
    if p.quantity > 0:
        floor = max(floor, p.liquidation)
    else:
        ceiling = min(ceiling, p.liquidation)
    return floor, ceiling


@part
def opening(
    account: Any, p: Any, bar: int, open_: float, mark_open: float, f_bar: Any, f_rate: Any, f_price: Any,
    f_inside: Any, f_end: int,
) -> None:  # fmt: skip
    """Funding due at the open, before any fill; in a bar the market does not have, all funding of the bar."""
    p.taken, p.held = 0.0, 1 if p.quantity != 0.0 else 0
    p.opened = 1 if open_ == open_ else 0
    if p.opened == 0:
        settle_funding(account, p, bar, 1, p.last, f_bar, f_rate, f_price, f_inside, f_end)
        return
    settle_funding(account, p, bar, 0, mark_open, f_bar, f_rate, f_price, f_inside, f_end)
    p.last = open_


@part
def closing(
    account: Any, p: Any, orders: Any, policies: Any, rejects: Any, s: int, bar: int, row: int, later: int, high: float,
    low: float, close: float, tick: float, flags: Any, series: Any,
) -> None:  # fmt: skip
    """The close of one market: best price since the entry, and what the end of a decision bar brings."""
    p.last = close
    if p.held == 1 or p.quantity != 0.0 or p.entry_bar == bar:
        account.bars_in_market += 1
    if p.quantity > 0:
        p.best = max(p.best, close if p.intrabar == 1 and p.entry_bar == bar else high)
    elif p.quantity < 0:
        p.best = min(p.best, close if p.intrabar == 1 and p.entry_bar == bar else low)
    if row >= 0 and (p.quantity != 0.0 or p.orders > 0):
        row_closes(account, p, orders, policies, rejects, s, bar, row, later, close, tick, flags, series)


@part
def row_closes(
    account: Any, p: Any, orders: Any, policies: Any, rejects: Any, s: int, bar: int, row: int, later: int,
    close: float, tick: float, flags: Any, series: Any,
) -> None:  # fmt: skip
    """A decision bar is complete: age what is open and pending, and let the exit policy act for the next bar.

    `later` is the first bar that an order decided now can be filled in.
    """
    if p.orders > 0:
        age_orders(p, orders, policies, rejects, s, bar)
    if p.quantity == 0.0:
        return
    p.age += 1
    if p.policy < 0 or policies[p.policy].managed == 0 or p.leaving == 1:
        return
    policy = policies[p.policy]
    atr = series[policy.atr, row] if policy.atr >= 0 else float("nan")
    adx = series[policy.adx, row] if policy.adx >= 0 else float("nan")
    column = policy.exit_long if p.quantity > 0 else policy.exit_short
    flag = flags[column, row] if column >= 0 else 0
    stop, reason = advance(policy, p, close, atr, adx, int(flag), tick)
    if reason > 0:
        close_at_market(account, p, orders, rejects, s, bar, later, reason)
        return
    moves = tighter(1.0 if p.quantity > 0 else -1.0, p.stop, stop) != p.stop and stop == stop
    if moves and (p.stop != p.stop or abs(stop - p.stop) >= 0.5 * tick):
        p.stop, p.trailed = stop, 1


@part
def age_orders(p: Any, orders: Any, policies: Any, rejects: Any, s: int, bar: int) -> None:
    """Count completed decision bars of pending entries and withdraw those that waited too long."""
    for k in range(p.top):
        order = orders[s, k]
        if order.active == 1 and order.reduce_only == 0:
            order.age += 1
            limit = policies[order.policy].max_bars_pending if order.policy >= 0 else 0
            if limit > 0 and order.age >= limit:
                order.active = 0
                p.orders -= 1
                rejects[EXPIRED] += 1


@kernel(
    "account[:]", "position[:]", "order[:,:]", "rules[:]", "market[:]", "fill[:]", "trade[:]", "i8[:]", "i8[:]",
    "f8[:,:]", "f8[:,:]", "f8[:]",
    records=RECORDS,
)  # fmt: skip
def close_all(
    accounts: Any, positions: Any, orders: Any, rules_: Any, markets: Any, fills: Any, trades: Any, rejects: Any,
    time: Any, open_: Any, close: Any, equity: Any,
) -> int:  # fmt: skip
    """Close every position on the last bar by `rules.at_end` (1 = its close, 2 = its open) and withdraw all orders."""
    account, rules = accounts[0], rules_[0]
    bar = time.size - 1
    for s in range(positions.size):
        p = positions[s]
        cancel_entries(p, orders, rejects, s, EXPIRED)
        if p.quantity == 0.0:
            continue
        price = open_[s, bar] if rules.at_end == 2 and open_[s, bar] == open_[s, bar] else p.last
        paid = slipped(rules, markets[s], 1 if p.quantity < 0 else 0, price)
        book_exit(account, p, rules, fills, trades, s, bar, time[bar], -p.quantity, paid, price, 0, END_OF_DATA)
    equity[bar] = account.cash + unrealized(positions)
    return DONE
