"""`advance`: what the exit policy does to a position at the close of a decision bar.

One function for back-test, paper exchange and live monitor.  It only moves a stop in favour of the trade, never beyond
the close, and the new stop works from the next bar on.  Rules and precedence: DOMAIN 6.
"""

from typing import Any

from engine.kernel import part
from engine.matching.records import MAX_BARS, STRATEGY_EXIT


@part
def advance(
    policy: Any, position: Any, close: float, atr: float, adx: float, exit_flag: int, tick: float
) -> tuple[float, int]:
    """New stop (unchanged, or nearer to the price) and the reason to close at market now, 0 = stay.

    `policy` and `position` are records; `atr`/`adx` are NaN and `exit_flag` 0 where the policy has no such column.
    `position.age` counts decision bars completed since the fill, this one included.
    """
    if exit_flag == 1:
        return position.stop, STRATEGY_EXIT
    if policy.max_bars_open > 0 and position.age >= policy.max_bars_open:
        return position.stop, MAX_BARS
    side = 1.0 if position.quantity > 0 else -1.0
    stop = position.stop
    move = side * (close - position.entry)
    stop = _by_reward(policy, position, side, move, stop)
    stop = _by_proximity(policy, position, side, close, stop)
    stop = _by_trail(policy, position, side, stop)
    if policy.atr_multiple > 0 and atr > 0 and move * abs(position.quantity) >= policy.atr_min_profit:
        strength = policy.atr_strong if adx > policy.adx_strong else 1.0
        stop = tighter(side, stop, close - side * policy.atr_multiple * strength * atr)
    old = policy.age_bars > 0 and position.age >= policy.age_bars and position.age_done == 0
    if old and move < policy.age_min_r * position.risk:
        position.age_done = 1
        stop = tighter(side, stop, position.stop + side * policy.age_percent / 100.0 * position.risk)
    if stop != position.stop and side * (stop - close) > 0:
        stop = close
    return towards_price(side, stop, tick), 0


@part
def tighter(side: float, old: float, new: float) -> float:
    """The stop that is nearer to the price; NaN is no stop at all."""
    if new != new:
        return old
    if old != old or side * (new - old) > 0:
        return new
    return old


@part
def towards_price(side: float, stop: float, tick: float) -> float:
    """A stop rounded to the tick on its safe side: nearer to the price, so that less can be lost."""
    if tick <= 0 or stop != stop:
        return stop
    steps = stop / tick
    whole = float(round(steps))
    if abs(steps - whole) > 1e-6:
        whole = float(int(steps)) + (1.0 if side > 0 else 0.0)
    return whole * tick


@part
def _by_reward(policy: Any, position: Any, side: float, move: float, stop: float) -> float:
    for i in range(policy.steps):
        if position.risk > 0 and move >= policy.reached[i] * position.risk:
            stop = tighter(side, stop, position.entry + side * policy.stop_at[i] * position.risk)
    return stop


@part
def _by_proximity(policy: Any, position: Any, side: float, close: float, stop: float) -> float:
    if policy.proximity_percent <= 0 or position.target != position.target:
        return stop
    if position.near_done == 1 and policy.proximity_continuous == 0:
        return stop
    left = side * (position.target - close) / close * 100.0
    if left <= policy.proximity_percent or (position.near_done == 1 and policy.proximity_continuous == 1):
        position.near_done = 1
        return tighter(side, stop, close * (1.0 - side * policy.proximity_trail / 100.0))
    return stop


@part
def _by_trail(policy: Any, position: Any, side: float, stop: float) -> float:
    if policy.trail_percent <= 0:
        return stop
    gain = side * (position.best - position.entry) / position.entry * 100.0
    if gain < policy.trail_offset:
        return stop
    return tighter(side, stop, position.best * (1.0 - side * policy.trail_percent / 100.0))
