"""Why a value is not yet known: the first node on the way back to the candles that has none."""

from typing import Any

import numpy as np

from engine.candles import TimeColumn
from engine.columns import ColumnPass
from engine.explain.names import Names
from engine.values import UNKNOWN, Labels, Signal


def is_known(value: Any, row: int) -> bool:
    """Whether a wire carries something at a row; candles, areas, text and rules always do."""
    if value is None:
        return False
    column = value.codes if isinstance(value, Labels) else value.direction if isinstance(value, Signal) else value
    if not isinstance(column, np.ndarray):
        return True
    if not 0 <= row < len(column):
        return False
    return bool(column[row] == column[row]) and bool(column[row] != UNKNOWN or column.dtype.kind == "f")


class Unknowns:
    """Finds the origin of what is not known."""

    def __init__(self, one: ColumnPass, names: Names) -> None:
        self.one, self.names = one, names
        self._times: dict[str, TimeColumn] = {}
        self._failed = {issue.node: issue.received for issue in one.issues if issue.node}

    def _closes(self, clock: str) -> TimeColumn:
        if clock not in self._times:
            self._times[clock] = self.one.supply.clock(clock).close_time
        return self._times[clock]

    def sentence(self, slot: int, row: int) -> str:
        """For example: weekly trend is not yet known because weekly ema has 3 of 5 1w bars."""
        name, because = self.names.of_slot(slot), self.because(slot, row)
        return f"{name} is not yet known{because.replace(f' because {name} ', ' because it ', 1)}"

    def because(self, slot: int, row: int) -> str:
        """The reason, with the word before it."""
        seen: set[int] = set()
        while True:
            seen.add(slot)
            step = self.names.owner[slot][0]
            name = self.names.node(step.id)
            if step.id in self._failed:
                return f" because {name} failed ({self._failed[step.id]})"
            back = [(s, r) for s, r in self._inputs(slot, row) if s not in seen and not is_known(self.one.values[s], r)]
            if not back:
                break
            slot, row = back[0]
        if step.asks:
            return f" because {name} asks the outside"
        base = self.one.supply.base.timeframe
        clock = self.names.clock(slot)
        bars = "bars" if clock == base else f"{clock} bars"
        needed = self.one.plan.warmup.get(step.id, 1)
        if row + 1 < needed:
            return f" because {name} has {row + 1:,} of {needed:,} {bars}"
        return f" because {name} has no value at this bar"

    def _inputs(self, slot: int, row: int) -> list[tuple[int, int]]:
        """The wires a node reads, with the rows it read them at."""
        step = self.names.owner[slot][0]
        own = self.names.clock(slot)
        closes = self._closes(own)
        out: list[tuple[int, int]] = []
        for _, source in step.args:
            clock = self.names.clock(source)
            at = row
            if clock != own:
                other = self._closes(clock)
                at = int(np.searchsorted(other, closes[row], side="right")) - 1 if 0 <= row < len(closes) else -1
            out.append((source, at))
        return out
