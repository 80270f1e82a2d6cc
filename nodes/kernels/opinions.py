"""What nodes that count opinions need of their voters, in the words of `engine.needs`."""

import numpy as np

from engine.needs import After, Goal, Hints, Measure, Need, Seen, all_wired
from engine.values import ByteColumn, FloatColumn, Signal
from nodes.kernels.votes import counted, votes_of

_SIDES = {1: "up", -1: "down"}


def majority(seen: Seen, ports: tuple[str, ...], goal: Goal, needed: float, *, share: bool = False) -> Need | None:
    """Enough voters on a side, and more than on the other; `needed` is a number or, if told so, a share of them."""
    if goal not in (1, -1):
        return None
    count = counted(_votes(seen, ports))
    own, other = (count.up, count.down) if goal == 1 else (count.down, count.up)
    way, against = (_SIDES[1], _SIDES[-1]) if goal == 1 else (_SIDES[-1], _SIDES[1])
    level = np.ceil(needed * count.known) if share else np.ceil(needed)
    enough = Measure(name=f"votes for {way}", value=_numbers(own), relation=">=", level=level)
    more = Measure(
        name=f"votes for {way} against those for {against},", value=_numbers(own), relation=">", level=_numbers(other)
    )
    return Hints(After(enough, more, silent=True), all_wired(seen, ports, goal))


def _votes(seen: Seen, ports: tuple[str, ...]) -> list[ByteColumn]:
    given = [seen.column(p) for p in ports if p in seen]
    return votes_of(given) if isinstance(given[0], Signal) else given


def _numbers(count: ByteColumn) -> FloatColumn:
    return count.astype(np.float64)
