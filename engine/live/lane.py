"""One symbol of a live run: its latest candles, its clocks, and the latest rows of its wires."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.candles import Candles, TimeColumn
from engine.columns import ColumnPass, Supply
from engine.live.join import joined
from engine.live.needs import Kept
from engine.plan import Plan
from engine.rows import rows_of
from engine.timeframe import anchor, duration

_NEVER = np.iinfo(np.int64).min


class Clock:
    """Closing instants of the latest bars of a timeframe; `count` bars have closed in all, `new` in this advance."""

    def __init__(self, closes: TimeColumn, keep: int, bar_ms: int) -> None:
        self.count, self.new, self.bar_ms = len(closes), 0, bar_ms
        self.closes, self._keep = closes[-keep:].copy(), keep
        self.last = int(closes[-1]) if len(closes) else _NEVER

    def append(self, closes: TimeColumn) -> None:
        """Bars that closed."""
        self.new = len(closes)
        self.count += len(closes)
        if len(closes):
            self.closes, self.last = np.concatenate([self.closes[-self._keep :], closes]), int(closes[-1])

    def missing(self, instant: int) -> int:
        """How many of the bars kept close only after an instant."""
        return 0 if instant >= self.last else len(self.closes) - int(self.closes.searchsorted(instant, side="right"))


class Lane:
    """What a symbol of the run has to remember from bar to bar.

    `values[slot]` are the latest rows of a wire, `lengths[slot]` of them; they end with the latest bar of the wire's
    clock once its node ran.
    """

    def __init__(self, plan: Plan, one: ColumnPass, kept: Kept) -> None:
        self.plan, self.kept, self.symbol = plan, kept, one.supply.base.symbol
        self.dropped = one.dropped
        supply = one.supply
        self.clocks = {c: Clock(supply.clock(c).close_time, n, duration(c)) for c, n in kept.clocks.items()}
        self.slot_clocks = [self.clocks[clock] for clock in plan.slot_clocks]
        self.lengths = [min(clock.count, rows) for clock, rows in zip(self.slot_clocks, kept.slots, strict=True)]
        self.values: list[Any] = [
            None if value is None else rows_of(value, clock.count - length, clock.count)
            for value, clock, length in zip(one.values, self.slot_clocks, self.lengths, strict=True)
        ]
        self.states: dict[str, Any] = {}
        ratio = max((duration(c) // supply.base.bar_ms for c in kept.clocks), default=1)
        self._bars = 2 * max(ratio, 1) + 2  # base bars in which the latest longer bar is whole, whatever the phase
        self.supply = self._tail(supply.base, tuple(supply.others.values()), self._bars)

    def feed(self, candles: Iterable[Candles]) -> bool:
        """Take closed candles; whether any of them belong to this symbol's own bars.  Clocks move on."""
        given = {(c.symbol, c.timeframe): c for c in candles if len(c)}
        base = self.supply.base
        own = given.pop((base.symbol, base.timeframe), None)
        others = tuple(
            joined([c, given[key]]) if key in given else c for key, c in self.supply.others.items()
        )  # a market that was not there at the start is not read by any node
        before = int(base.time[-1]) if len(base) else 0
        bars = self._bars + (len(own) if own is not None else 0)
        self.supply = self._tail(joined([base, own]) if own is not None else base, others, bars)
        for clock in self.clocks.values():
            clock.new = 0
        if own is None:
            return False
        now = int(own.time[-1]) + own.bar_ms
        for timeframe, clock in self.clocks.items():
            if _may_close(timeframe, before + own.bar_ms, now):
                closes = self.supply.clock(timeframe).close_time
                clock.append(closes[(closes > clock.last) & (closes <= now)])
        return True

    def _tail(self, base: Candles, others: tuple[Candles, ...], bars: int) -> Supply:
        """The latest candles of all markets; as long a time of each."""
        base = base.part(max(len(base) - bars, 0), len(base))
        start = int(base.time[0]) if len(base) else 0
        cut = (c.part(int(np.searchsorted(c.time, start - c.bar_ms)), len(c)) for c in others)
        return Supply(base, tuple(cut))

    def window(self, slot: int, rows: int, instant: int) -> Any:
        """The last `rows` rows of a wire that are closed by an instant."""
        end = self.lengths[slot] - self.slot_clocks[slot].missing(instant)
        start = max(end - rows, 0)
        value = self.values[slot]
        return value if start == 0 and end == self.lengths[slot] else rows_of(value, start, max(end, 0))

    def append(self, slot: int, rows: Any, count: int) -> None:
        """So many of the new rows of a wire in this advance; what no node looks back on is forgotten."""
        keep, new = self.kept.slots[slot], self.slot_clocks[slot].new
        if keep == 1 and count == new:
            self.values[slot], self.lengths[slot] = rows, count
            return
        value, length = joined([self.values[slot], rows]), self.lengths[slot] + count
        if length > 2 * keep + new:
            value, length = rows_of(value, length - keep - new, length), keep + new
        self.values[slot], self.lengths[slot] = value, length


def _may_close(timeframe: str, before: int, now: int) -> bool:
    """Whether a bar of a timeframe ends after an instant and not after another."""
    length, start = duration(timeframe), anchor(timeframe)
    return (now - start) // length > (before - start) // length
