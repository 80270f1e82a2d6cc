"""How many rows of each wire and clock are kept: what the nodes that read them look back on."""

from typing import Any

import msgspec

from engine.node import Node
from engine.plan import SOURCE, Plan, Step, is_loop
from engine.timeframe import duration


class Kept(msgspec.Struct, frozen=True):
    """Rows to keep per slot and per clock, and the clocks of a run."""

    slots: tuple[int, ...]
    clocks: dict[str, int]


def lookback_of(step: Step) -> int:
    """Bars of its clock a node reads; a fold reads one and has its state, a decision reads one."""
    if not isinstance(step.node, Node):
        return 1
    on_bars: Any = getattr(step.node, "lookback_from", None)
    return max(int(on_bars(duration(step.clock)) if on_bars is not None else step.node.lookback()), 1)


def kept_rows(plan: Plan) -> Kept:
    """What a plan needs to go on bar by bar."""
    slots = [1] * len(plan.names)
    clocks: dict[str, int] = {}

    def need(clock: str, rows: int) -> None:
        clocks[clock] = max(clocks.get(clock, 1), rows)

    steps = [(step, is_loop(group)) for group in plan.columns for step in group]
    for step, loops in [*steps, *((step, False) for step in plan.rows)]:
        rows = 2 if loops else 1 if step.tag == SOURCE else lookback_of(step)
        need(step.clock, rows)
        for _, slot in step.args:
            if slot < len(slots):
                slots[slot] = max(slots[slot], rows + (plan.slot_clocks[slot] != step.clock))
                need(plan.slot_clocks[slot], rows)
        for _, clock in step.times:
            need(clock, rows)
    for clock in plan.slot_clocks:
        need(clock, 1)
    return Kept(tuple(slots), clocks)
