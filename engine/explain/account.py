"""What the account made of a decision: filled, ignored, refused, or too early to trade."""

from typing import Any, Literal

import msgspec
import numpy as np

from engine.explain.wording import SIDES, plain
from engine.result import Result
from engine.time_check import instant_text

Outcome = Literal["entry", "refused", "none", "warming_up", "outside"]
_DUST = 1e-9  # quantities below are the rest of a sum of fills


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the decision of one bar; `trade` is its row in the result, `side` +1 or -1, 0 = no decision."""

    outcome: Outcome
    side: int
    sentence: str
    trade: int | None = None


class Ledger:
    """The account of one market of a result, as it was at each bar."""

    def __init__(self, result: Result, market: int, trace: Any) -> None:
        self.result, self.market, self.trace = result, market, trace
        self.fills = result.fills[result.fills["symbol"] == market]
        plan = self.trace.plan
        self.orders = plan.rows
        self.needed = max((plan.warmup.get(s.id, 1) for s in plan.rows), default=1)
        self.clock = self.trace.columns.supply.clock(plan.rows[-1].clock)
        self.closes = self.clock.close_time

    def happened(self, instant: int, sides: tuple[int, ...]) -> Happened:
        """What became of a bar that closes at an instant (ms UTC) and whose conditions were met for `sides`."""
        bar = int(np.searchsorted(self.result.time, instant))
        inside = bar < len(self.result.time) and self.result.time[bar] == instant
        here = self.fills[(self.fills["decision_bar"] == bar) & (self.fills["reason"] == 0)]
        if inside and len(here):
            return self._filled(here[0], bar)
        early = self._early(instant, inside)
        if early is not None:
            return early
        if not sides:
            return Happened(outcome="none", side=0, sentence="No entry: neither side had all its conditions.")
        side = sides[0]
        return Happened(outcome="refused", side=side, sentence=self._refused(side, bar))

    def _filled(self, fill: Any, bar: int) -> Happened:
        side = 1 if fill["quantity"] > 0 else -1
        trades = self.result.trades
        own = np.flatnonzero((trades["symbol"] == self.market) & (trades["decision_bar"] == bar))
        price, when = plain(float(fill["price"])), instant_text(int(fill["time"]))
        if len(own):
            what = f"Entered {SIDES[side]} at {price} in the bar that opens {when}: trade {int(own[0]) + 1}."
            return Happened(outcome="entry", side=side, sentence=what, trade=int(own[0]))
        what = f"Filled {SIDES[side]} at {price} in the bar that opens {when}: added to a position, or open to the end."
        return Happened(outcome="entry", side=side, sentence=what)

    def _early(self, instant: int, inside: bool) -> Happened | None:
        row = int(np.searchsorted(self.closes, instant, side="right")) - 1
        start = self.result.settings.get("from")
        if row + 1 < self.needed:
            what = (
                f"Nothing is traded before the warm-up is complete: the graph needs {self.needed:,} "
                f"{self.clock.timeframe} bars and has {row + 1:,}."
            )
            return Happened(outcome="warming_up", side=0, sentence=what)
        if not inside or (isinstance(start, int) and instant < start):
            what = "This bar lies outside the run; nothing is traded."
            return Happened(outcome="outside", side=0, sentence=what)
        if self.closes[row] != instant:
            what = f"Decisions fall at the close of {self.clock.timeframe} bars, and none closes with this bar."
            return Happened(outcome="none", side=0, sentence=what)
        return None

    def _refused(self, side: int, bar: int) -> str:
        """Why a signal did not become a trade, as far as the records tell."""
        wanted = f"The conditions of a {SIDES[side]} entry were met, but "
        before = self.fills[self.fills["bar"] <= bar]
        held = float(before["quantity"].sum())
        if abs(held) > _DUST:
            opened = before[before["reason"] == 0]
            since = instant_text(int(opened["time"][-1])) if len(opened) else "earlier"
            rule = "same" if held * side > 0 else "opposite"
            told = {getattr(s.node, rule) for s in self.orders if hasattr(s.node, rule)}
            if "ignore" in told or (rule == "opposite" and "close" in told):
                open_side = SIDES[1 if held > 0 else -1]
                return f"{wanted}a {open_side} position was open (last entry {since}) and `{rule}` is {min(told)}."
        if bar == len(self.result.time) - 1:
            return f"{wanted}it is the last bar: none follows in which an order could be filled."
        counted = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in self.result.rejected.items())
        why = f"orders not taken in the whole run: {counted}" if counted else "the run counts no refused order"
        kinds = {getattr(s.node, "order", "market") for s in self.orders} - {"market"}
        if kinds:
            return f"{wanted}no fill came of the {' or '.join(sorted(kinds))} order ({why})."
        return f"{wanted}no order was filled ({why})."
