"""Why a bar led to a trade, and why another did not (docs/explain.md).

`Explainer(result, market)` answers for single bars (`at`), for all trades (`decided`) and for many bars at once
(`many`).  Everything it gives is plain data with its sentences.
"""

from typing import Any

import msgspec
import numpy as np

from engine.errors import InputError
from engine.explain.account import Happened, Ledger, Outcome
from engine.explain.conditions import Condition, Teller
from engine.explain.decision import Decided, Slicer
from engine.explain.judge import Judge
from engine.explain.names import Names
from engine.explain.unknown import Unknowns
from engine.explain.verdict import Rows, Verdict, search
from engine.explain.wording import SIDES
from engine.result import Result
from engine.time_check import instant_text

__all__ = ["Condition", "Decided", "Explainer", "Explanation", "SideAnswer", "trace_of"]

LONG, SHORT = 1, -1


class SideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry on one side lacked: failed conditions, nearest first; `met` = it lacked nothing."""

    side: str
    met: bool
    conditions: tuple[Condition, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One bar explained.  Instants in ms UTC; `trade` counts from 1 like the report, None = no trade."""

    symbol: str
    timeframe: str
    open_time: int
    close_time: int
    outcome: Outcome
    summary: str
    trade: int | None
    sides: tuple[SideAnswer, ...]
    decided: Decided | None


def trace_of(result: Result, market: int) -> Any:
    """The trace behind a market; that of the first one for the legs it trades as well."""
    return result.traces[market if market < len(result.traces) else 0]


class Explainer:
    """Explains the bars of one market of a back-test."""

    def __init__(self, result: Result, market: int = 0) -> None:
        if not result.traces:
            raise InputError("this result kept no trace, so its bars cannot be explained; run the back-test again")
        trace: Any = trace_of(result, market)
        self.result, self.market, self.one = result, market, trace.columns
        self.base = self.one.supply.base
        self.closes = self.base.close_time
        self.names = Names(trace.plan, result.graph, self.base.timeframe)
        self.teller = Teller(self.names, Unknowns(self.one, self.names), self.base.timeframe)
        self.slicer = Slicer(self.one, self.names)
        self.ledger = Ledger(result, market, trace)

    def row_at(self, instant: int) -> int:
        """The bar whose interval contains an instant (open <= instant < close).  InputError if there is none."""
        base = self.base
        row = int(np.searchsorted(base.time, instant, side="right")) - 1
        if row < 0 or instant >= int(base.time[row]) + base.bar_ms:
            span = f"{instant_text(int(base.time[0]))} to {instant_text(int(base.time[-1]) + base.bar_ms)}"
            raise InputError(
                f"no {base.timeframe} bar of {base.symbol} contains {instant_text(instant)}; the candles cover {span}"
            )
        return row

    def at(self, row: int) -> Explanation:
        """One bar, with everything there is to say."""
        instants = self.closes[row : row + 1]
        verdicts = self._verdicts(instants)
        return self._explained(row, 0, verdicts)

    def many(self, rows: Rows, most: int) -> list[tuple[Happened, tuple[SideAnswer, ...]]]:
        """What became of each of many bars, and the `most` nearest conditions of both sides."""
        verdicts = self._verdicts(self.closes[rows])
        searches = {side: search(v, failed=True) for side, v in verdicts.items()}
        out: list[tuple[Happened, tuple[SideAnswer, ...]]] = []
        for at, row in enumerate(rows.tolist()):
            sides = tuple(s for s, v in verdicts.items() if v.met[at])
            answers = tuple(
                SideAnswer(side=SIDES[s], met=s in sides, conditions=self.teller.told(searches[s], at, most))
                for s in verdicts
            )
            out.append((self.ledger.happened(int(self.closes[row]), sides), answers))
        return out

    def decided(self, trades: Rows) -> list[Decided]:
        """The decision slices of some trades of this market, by their rows in the result."""
        rows = self.result.trades[trades]
        instants = self.result.time[rows["decision_bar"]]
        verdicts = self._verdicts(instants)
        found = {side: search(v, failed=False) for side, v in verdicts.items()}
        out: list[Decided] = []
        for at, side in enumerate(rows["side"].tolist()):
            wanted = side if verdicts[side].met[at] or not verdicts[-side].met[at] else -side  # a leg may be opposite
            out.append(self._slice(found[wanted], wanted, at, int(instants[at])))
        return out

    def _verdicts(self, instants: Rows) -> dict[int, Verdict]:
        judge = Judge(self.one, self.names, instants)
        return {side: judge.decision(side) for side in (LONG, SHORT)}

    def _slice(self, found: Any, side: int, at: int, instant: int) -> Decided:
        conditions = self.teller.told(found, at)
        return self.slicer.decided(SIDES[side], instant, conditions, {n for n, rows in found.nodes.items() if rows[at]})

    def _explained(self, row: int, at: int, verdicts: dict[int, Verdict]) -> Explanation:
        instant = int(self.closes[row])
        met = tuple(s for s, v in verdicts.items() if v.met[at])
        happened = self.ledger.happened(instant, met)
        sides = tuple(
            SideAnswer(side=SIDES[s], met=s in met, conditions=self.teller.told(search(v, failed=True), at))
            for s, v in verdicts.items()
        )
        side = happened.side if not met or happened.side in met else met[0]  # a leg may be opposite to its signal
        decided = self._slice(search(verdicts[side], failed=False), side, at, instant) if side else None
        return Explanation(
            symbol=self.base.symbol, timeframe=self.base.timeframe, open_time=int(self.base.time[row]),
            close_time=instant, outcome=happened.outcome, summary=happened.sentence,
            trade=None if happened.trade is None else happened.trade + 1, sides=sides, decided=decided,
        )  # fmt: skip
