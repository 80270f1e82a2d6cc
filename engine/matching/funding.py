"""Funding settlements of a position."""

from typing import Any

from engine.kernel import part


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
