"""What every wire carried at any bar of a run, and how long each node took."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.columns import ColumnPass
from engine.issue import Issue
from engine.plan import Plan
from engine.rows import row_value
from engine.values import Signal

_SPEAKING = ("flag", "direction", "signal")


class Trace(msgspec.Struct, frozen=True, eq=False):
    """The columns of one symbol's run: reading a bar is reading a row.

    `nanoseconds` by node id (0 = taken from the cache); `issues` are failures at run time.
    """

    plan: Plan
    symbol: str
    columns: ColumnPass
    issues: tuple[Issue, ...]

    @property
    def nanoseconds(self) -> dict[str, int]:
        """Time each node took, by id."""
        return self.columns.nanoseconds

    def at(self, row: int) -> dict[str, Any]:
        """Values of all wires ("node.port") at one row of the run's timeframe.

        Wires of other timeframes show their latest row that is closed when this bar closes.
        """
        now = self.columns.supply.base.close_time[row]
        out: dict[str, Any] = {}
        for slot, name in enumerate(self.plan.names):
            clock = self.columns.supply.clock(self.plan.slot_clocks[slot])
            at = row if clock is self.columns.supply.base else int(clock.close_time.searchsorted(now, side="right")) - 1
            value = self.columns.values[slot]
            out[name] = None if at < 0 else row_value(value, at)
        return out

    def deciding(self, instants: NDArray[np.int64]) -> list[list[str]]:
        """Ids of the nodes that spoke for what was decided at each closing instant (ms UTC), in running order.

        These are the upstream nodes whose flag, direction or signal was set there, and the decisions themselves.
        """
        spoke: list[tuple[str, NDArray[np.bool_]]] = []
        for step in (s for group in self.plan.columns for s in group):
            said = [
                self._said(slot, instants)
                for slot, kind in zip(step.slots, step.kinds, strict=True)
                if kind in _SPEAKING
            ]
            if said:
                spoke.append((step.id, np.any(said, axis=0)))
        decisions = [step.id for step in self.plan.rows]
        return [[*(i for i, set_ in spoke if set_[n]), *decisions] for n in range(len(instants))]

    def _said(self, slot: int, instants: NDArray[np.int64]) -> NDArray[np.bool_]:
        value = self.columns.values[slot]
        column = value.direction if isinstance(value, Signal) else value
        times = self.columns.supply.clock(self.plan.slot_clocks[slot]).close_time
        if not len(times):
            return np.zeros(len(instants), bool)  # a timeframe of which these candles show no bars
        at = np.searchsorted(times, instants, side="right") - 1
        return (at >= 0) & (np.abs(column[np.maximum(at, 0)].astype(np.int64)) == 1)
