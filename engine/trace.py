"""What every wire carried at any bar of a run, and how long each node took."""

from typing import Any

import msgspec

from engine.columns import ColumnPass
from engine.intents import row_value
from engine.issue import Issue
from engine.plan import Plan
from engine.values import Signal


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
            clock = self.columns.supply.clock(self.plan.clocks[name.partition(".")[0]])
            at = row if clock is self.columns.supply.base else int(clock.close_time.searchsorted(now, side="right")) - 1
            value = self.columns.values[slot]
            out[name] = None if at < 0 else row_value(value, at)
        return out

    def deciding(self, row: int) -> tuple[str, ...]:
        """Ids of the nodes that spoke for a trade at a row: decisions, and upstream flags, directions and signals set."""
        values = self.at(row)
        found = [s.id for s in self.plan.rows]
        for group in self.plan.columns:
            for step in group:
                if any(_set(values[f"{step.id}.{port}"], kind) for port, kind in zip(step.ports, step.kinds, strict=True)):
                    found.append(step.id)
        return tuple(found)


def _set(value: Any, kind: str) -> bool:
    if kind in ("flag", "direction"):
        return value in (1, -1)
    return kind == "signal" and value is not None and not isinstance(value, Signal) and value.direction in (1, -1)
