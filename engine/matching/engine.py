"""The matching kernel with its state, as one object: what back-test and paper exchange hold."""

from collections import Counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import Candles, FloatColumn
from engine.matching.kernel import DONE, LOG_SLACK, close_all, run_bars
from engine.matching.policy import Policy
from engine.matching.records import (
    ACCOUNT,
    INTENT,
    MARKET_RULES,
    ORDER,
    ORDER_SLOTS,
    POSITION,
    REJECTS,
    Records,
)
from engine.result import FILL, TRADE, Instrument


class Funding(msgspec.Struct, frozen=True):
    """Funding settlements of a market: instants (ms UTC, ascending) and rates (share of notional, + = longs pay)."""

    time: NDArray[np.int64]
    rate: FloatColumn


class Market(msgspec.Struct, frozen=True):
    """One market as the matching engine sees it: its finest candles, trading rules, funding and mark prices."""

    candles: Candles
    instrument: Instrument
    funding: Funding | None = None
    mark: Candles | None = None


class Tables(msgspec.Struct, frozen=True):
    """Candle tables (symbol, bar) on the union of all opening instants, funding by bar, and decision rows."""

    time: NDArray[np.int64]
    open: FloatColumn
    high: FloatColumn
    low: FloatColumn
    close: FloatColumn
    volume: FloatColumn
    mark_open: FloatColumn
    mark_high: FloatColumn
    mark_low: FloatColumn
    has_mark: bool
    bar_ms: int
    funding_bar: NDArray[np.int64]
    funding_rate: FloatColumn
    funding_price: FloatColumn
    funding_inside: NDArray[np.int64]
    funding_end: NDArray[np.int64]
    funding_start: NDArray[np.int64]


class ExitTable(msgspec.Struct, frozen=True):
    """Exit policies lowered to records, with the columns they refer to by row number."""

    policies: Records
    flags: NDArray[np.int8]
    series: FloatColumn


class MatchingEngine:
    """Account, positions and orders over the candles of one or more markets.

    `rows[s, bar]` is the decision row that closes with a bar (see `run_bars`); an empty table: every bar is a row.
    """

    def __init__(
        self, tables: Tables, instruments: tuple[Instrument, ...], policy: Policy, capital: float,
        exits: ExitTable, rows: NDArray[np.int32], trades: int = 256,
    ) -> None:  # fmt: skip
        count = len(instruments)
        self.instruments = instruments
        self.tables, self.policy, self.exits, self.rows = tables, policy, exits, rows
        self.rules = policy.record()
        self.account = np.zeros(1, ACCOUNT)
        self.account["cash"] = capital
        self.positions = np.zeros(count, POSITION)
        self.positions["next_funding"] = tables.funding_start
        self.positions["entry_bar"] = -1
        for name in ("stop", "target", "first_stop", "first_target"):
            self.positions[name] = np.nan
        self.orders = np.zeros((count, ORDER_SLOTS), ORDER)
        self.markets = _market_rules(instruments)
        self.intents = np.zeros(0, INTENT)
        self.fills = np.zeros(2 * trades + LOG_SLACK * count, FILL)
        self.trade_log = np.zeros(trades + LOG_SLACK * count, TRADE)
        self.rejects = np.zeros(len(REJECTS), np.int64)
        self.refused = Counter[str]()  # what decisions themselves refused to send
        self.equity = np.empty(len(tables.time))

    def submit(self, intents: Records) -> None:
        """Append intents; their bars must not lie before bars already given.  Those taken already are let go."""
        waiting = self.intents[int(self.account["next_intent"][0]) :]
        self.intents = np.concatenate([waiting, intents]) if len(waiting) else intents
        self.account["next_intent"] = 0

    def run(self, end: int) -> None:
        """Advance to bar `end` (exclusive)."""
        t, exits = self.tables, self.exits
        while (
            run_bars(
                self.account, self.positions, self.orders, self.rules, self.markets, exits.policies, self.intents,
                self.fills, self.trade_log, self.rejects, t.time, t.open, t.high, t.low, t.close, t.volume,
                t.mark_open, t.mark_high, t.mark_low, int(t.has_mark), t.bar_ms, t.funding_bar, t.funding_rate,
                t.funding_price, t.funding_inside, t.funding_end, self.rows, exits.flags, exits.series, self.equity,
                end,
            )
            != DONE
        ):  # fmt: skip
            self.fills = np.concatenate([self.fills, np.zeros_like(self.fills)])
            self.trade_log = np.concatenate([self.trade_log, np.zeros_like(self.trade_log)])

    def finish(self) -> None:
        """Treat what is open after the last bar as the policy says."""
        if self.policy.at_end != "keep" and len(self.tables.time):
            t = self.tables
            close_all(
                self.account, self.positions, self.orders, self.rules, self.markets, self.fills, self.trade_log,
                self.rejects, t.time, t.open, t.close, self.equity,
            )  # fmt: skip

    @property
    def trades(self) -> Records:
        """Closed trades so far (view)."""
        return self.trade_log[: int(self.account["trades"][0])]

    @property
    def executions(self) -> Records:
        """Fills so far (view)."""
        return self.fills[: int(self.account["fills"][0])]

    @property
    def rejected(self) -> dict[str, int]:
        """Refused and withdrawn orders by reason."""
        return {name: int(n) for name, n in zip(REJECTS, self.rejects, strict=True) if n} | self.refused


def _market_rules(instruments: tuple[Instrument, ...]) -> Records:
    out = np.zeros(len(instruments), MARKET_RULES)
    for row, rules in zip(out, instruments, strict=True):
        for name in MARKET_RULES.names or ():
            row[name] = getattr(rules, name)
    return out
