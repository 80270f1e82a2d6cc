"""The run over all bars that everything else is held against, and where its clocks stand at an instant."""

from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles, TimeColumn
from engine.columns import ColumnPass, Supply
from engine.plan import Plan, Step
from engine.rows import rows_of


class FullRun:
    """A finished vector pass of all symbols.

    An instant is a closing instant (ms UTC) of a bar; at it a symbol stands at its last base bar closed by then, and a
    clock of the symbol at the last bar closed by that.
    """

    def __init__(self, plan: Plan, passes: tuple[ColumnPass, ...]) -> None:
        self.plan, self.passes = plan, passes
        self.supplies = tuple(one.supply for one in passes)
        self.symbols = tuple(s.base.symbol for s in self.supplies)
        self._closes: list[dict[str, TimeColumn]] = [{} for _ in passes]
        self.failed = {i.node for one in passes for i in one.issues}

    def closes(self, symbol: int, clock: str) -> TimeColumn:
        """Closing instants of a clock of a symbol."""
        known = self._closes[symbol]
        if clock not in known:
            known[clock] = self.supplies[symbol].clock(clock).close_time
        return known[clock]

    def now(self, symbol: int, instant: int) -> int | None:
        """When the last base bar of a symbol closed; None before its first."""
        base = self.supplies[symbol].base
        rows = int(np.searchsorted(base.time, instant - base.bar_ms, side="right"))
        return int(base.time[rows - 1]) + base.bar_ms if rows else None

    def rows(self, symbol: int, clock: str, now: int) -> int:
        """Bars of a clock closed by then."""
        return int(np.searchsorted(self.closes(symbol, clock), now, side="right"))

    def slot_rows(self, symbol: int, slot: int, now: int) -> int:
        """Rows of a wire known by then."""
        return self.rows(symbol, self.plan.slot_clocks[slot], now)

    def arguments(self, step: Step, symbol: int, now: int, window: int | None = None) -> dict[str, Any]:
        """What a node gets when the history ends at `now`: everything, or the last `window` bars of each clock."""
        out: dict[str, Any] = {}
        values = self.passes[symbol].values
        for name, slot in step.args:
            stop = self.slot_rows(symbol, slot, now)
            out[name] = rows_of(values[slot], 0 if window is None else max(stop - window, 0), stop)
        for name, clock in step.times:
            stop = self.rows(symbol, clock, now)
            out[name] = self.closes(symbol, clock)[0 if window is None else max(stop - window, 0) : stop]
        return out


def cut_supply(supply: Supply, now: int) -> Supply:
    """The candles closed by an instant, of all timeframes and markets."""
    return Supply(_until(supply.base, now), tuple(_until(c, now) for c in supply.others.values()))


def _until(candles: Candles, now: int) -> Candles:
    return candles.part(0, int(np.searchsorted(candles.time, now - candles.bar_ms, side="right")))


def patient(plan: Plan) -> Plan:
    """The plan with the policy to hold at every node: a proof wants to see a failure, not to stop at it."""
    groups = tuple(tuple(msgspec.structs.replace(s, on_error="hold") for s in group) for group in plan.columns)
    return msgspec.structs.replace(plan, columns=groups)
