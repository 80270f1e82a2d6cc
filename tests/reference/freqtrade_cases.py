"""freqtrade's hand-made candle tables as intents and settings of ours."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from engine.matching.engine import MatchingEngine
from engine.matching.records import Records
from engine.result import EXIT_REASONS, Instrument
from engine.values import ExitPolicy
from tests.engine.matching.tables import NAN, amend, cancel, close, enter, run

FOLDER = Path(__file__).parents[3] / "shared" / "reference" / "freqtrade"
# Their words for the reasons of ours.
REASONS = {"sl_hit": "stop_loss", "trailing_stop_hit": "trailing_stop_loss", "tp_hit": "roi",
           "strategy_exit": "exit_signal", "reduced": "exit_signal", "end_of_data": "force_exit",
           "max_bars_exceeded": "roi"}  # fmt: skip
# Their profit target must be exceeded, not only touched; the last position goes at the open of the last bar.
SETTINGS = {"path": "pessimistic", "at_end": "open", "limit_through_ticks": 1}
TICK = Instrument(tick=0.01)


class Outcome(NamedTuple):
    """What a case came to: (reason, open tick, close tick) of every trade, and the summed profit to 3 decimals."""

    trades: tuple[tuple[str, int, int], ...]
    profit: float


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def published(case: dict[str, Any]) -> Outcome:
    trades = tuple((t["exit_reason"], t["open_tick"], t["close_tick"]) for t in case["trades"])
    return Outcome(trades, case["profit_perc"])


def signals(case: dict[str, Any]) -> list[tuple[int, int, bool]]:
    """(bar, side, leaves) of every signal; entries of both sides at once are none, as the strategy rules say."""
    at = {name: case["columns"].index(name) for name in ("enter_long", "exit_long", "enter_short", "exit_short")}
    out: list[tuple[int, int, bool]] = []
    for bar, row in enumerate(case["rows"]):
        long, short = row[at["enter_long"]], row[at["enter_short"]]
        if long != short:
            out.append((bar, 1 if long else -1, False))
        if case["use_exit_signal"] and (row[at["exit_long"]] or row[at["exit_short"]]):
            out.append((bar, 1 if row[at["exit_long"]] else -1, True))
    return out


def policy_of(case: dict[str, Any]) -> ExitPolicy:
    """The trailing stop, the limit of the waiting time and the time after which any profit is taken."""
    trail = offset = 0.0
    if case["trailing_stop"]:
        positive, start = case["trailing_stop_positive"], case["trailing_stop_positive_offset"]
        trail = 100 * (-case["stop_loss"] if positive is None else positive) / case["leverage"]
        offset = 100 * start / case["leverage"]
    # Without a limit freqtrade withdraws an entry that is not filled after 10 minutes: with the bar of 1 h.
    pending = 1 if case["timeout"] is None else max(1, case["timeout"] // 60)
    out_of_time = next((int(m) for m, gain in case["roi"].items() if gain == -1), 0)
    return ExitPolicy(
        trail_percent=trail, trail_offset_percent=offset, max_bars_pending=pending, max_bars_open=-(-out_of_time // 60)
    )


def bracket(case: dict[str, Any], side: int, price: float) -> dict[str, Any]:
    """Stop and target in percent of the entry, divided by the leverage as theirs are."""
    stop, gain = case["stop_loss"] / case["leverage"], case["roi"].get("0", 100.0) / case["leverage"]
    target = price * (1 + side * gain)
    return {"stop": price * (1 + side * stop), "target": target if target > 0 else NAN}


def intents_of(case: dict[str, Any]) -> list[Records]:
    """A market order at the next open, or a limit at their custom price; stop and target from the price it is paid."""
    rows = case["rows"]
    out = later_targets(case)
    entry: Any = case["custom_entry_price"]
    exit_: Any = case["custom_exit_price"]
    for bar, side, leaves in signals(case):
        following = rows[bar + 1][1] if bar + 1 < len(rows) else rows[bar][4]
        if leaves and exit_ is None:
            out.append(close(bar))
        elif leaves:
            out.append(enter(bar, -side, "limit", price=float(exit_ or NAN), reduce_only=1))
        elif entry is None:
            out.append(enter(bar, side, policy=0, leverage=case["leverage"], **bracket(case, side, following)))
        else:
            out += limit(case, bar, side, float(entry or NAN), following)
            out += adjusted(case, bar, side)
    return out


def limit(case: dict[str, Any], bar: int, side: int, price: float, following: float) -> list[Records]:
    """A limit entry; a target that lies before the limit price is set once the order is filled."""
    paid = min(price, following) if side > 0 else max(price, following)
    levels = bracket(case, side, paid)
    if not side * (levels["target"] - price) > 0:
        target = levels.pop("target")
        return [enter(bar, side, "limit", price=price, policy=0, **levels), amend(bar + 1, target=target)]
    return [enter(bar, side, "limit", price=price, policy=0, **levels)]


def later_targets(case: dict[str, Any]) -> list[Records]:
    """A profit that is enough only after some minutes: the target is amended in time for the bar that begins then."""
    price = case["rows"][1][1]
    return [
        amend(-(-int(minutes) // 60), target=price * (1 + gain))
        for minutes, gain in case["roi"].items()
        if minutes != "0" and gain != -1
    ]


def adjusted(case: dict[str, Any], bar: int, side: int) -> list[Records]:
    """Their price adjustment of a waiting entry: a new limit one bar later, or its withdrawal."""
    if case["timeout"] is None:
        return []
    price: float | None = case["adjust_entry_price"]
    if price is None:
        return [cancel(bar + 1)]
    return limit(case, bar + 1, side, float(price), case["rows"][bar + 2][1])


def ours(case: dict[str, Any]) -> Outcome:
    """Our run of a case: stop first inside a bar, no costs, targets traded through, closed at the last open."""
    engine = played(case)
    trades = tuple((REASONS[EXIT_REASONS[t["reason"]]], int(t["entry_bar"]), int(t["exit_bar"])) for t in engine.trades)
    gains = [
        t["side"] * (t["exit_price"] - t["entry_price"]) / t["entry_price"] * case["leverage"] for t in engine.trades
    ]
    return Outcome(trades, round(float(sum(gains)), 3) + 0.0)


def played(case: dict[str, Any]) -> MatchingEngine:
    rows = [tuple(float(x) for x in row[1:6]) for row in case["rows"]]
    return run(rows, intents_of(case), SETTINGS, 1_000_000.0, TICK, exits=[policy_of(case)])
