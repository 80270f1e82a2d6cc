"""Whether the candles a whole graph asks for are enough: its decisions from those alone against those from all bars."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from engine.candles import Candles
from engine.columns import Supply, run_columns
from engine.compare import first_difference, shown
from engine.plan import Plan, is_loop
from engine.prove.cuts import Cut
from engine.prove.full import FullRun, patient
from engine.prove.report import Problem
from engine.prove.truncation import utc
from engine.rows import rows_of
from engine.validate.report import DataNeed


def remembering_slots(plan: Plan) -> set[int]:
    """Wires behind a fold or a loop, whose values depend on all bars since the start."""
    slots: set[int] = set()
    for group in plan.columns:
        for step in group:
            if step.folds or is_loop(group) or any(slot in slots for _, slot in step.args):
                slots.update(step.slots)
    return slots


def decided_on(plan: Plan) -> list[tuple[str, int]]:
    """Wires that decisions read and that have a finite memory, with the node they come from."""
    remembering = remembering_slots(plan)
    slots = {slot for step in plan.rows for _, slot in step.args if slot < len(plan.names)}
    return [(plan.names[slot], slot) for slot in sorted(slots - remembering)]


def graph_problems(full: FullRun, needs: tuple[DataNeed, ...], cuts: Iterable[Cut]) -> Iterator[Problem]:
    """What the whole graph says at decision bars when it begins with its declared candles."""
    wires = decided_on(full.plan)
    for cut in cuts if wires and not any(s.across for group in full.plan.columns for s in group) else ():
        supply = _needed(full, needs, cut)
        if supply is None:
            continue
        (one,) = run_columns(patient(full.plan), (supply,))
        for name, slot in wires:
            problem = _of_wire(full, one.values[slot], name, slot, cut, supply)
            if problem is not None:
                yield problem
                return


def _needed(full: FullRun, needs: tuple[DataNeed, ...], cut: Cut) -> Supply | None:
    """The candles needed before an instant, and not one more; None where they are not there."""
    supply = full.supplies[cut.symbol]
    now = full.now(cut.symbol, cut.instant)
    starts: list[int] = []
    for need in needs:
        clock = supply.clock(need.timeframe or supply.base.timeframe)
        first = int(np.searchsorted(clock.time, (now or 0) - clock.bar_ms, side="right")) - need.bars
        if now is None or first < 0:
            return None
        starts.append(int(clock.time[first]))
    if not starts or min(starts) < supply.base.time[0]:
        return None
    return Supply(
        _between(supply.base, min(starts), now), tuple(_between(c, min(starts), now) for c in supply.others.values())
    )


def _between(candles: Candles, start: int, end: int | None) -> Candles:
    first = int(np.searchsorted(candles.time, start))
    last = int(np.searchsorted(candles.time, (end or 0) - candles.bar_ms, side="right"))
    return candles.part(first, max(first, last))


def _of_wire(full: FullRun, value: Any, name: str, slot: int, cut: Cut, supply: Supply) -> Problem | None:
    whole = full.passes[cut.symbol].values[slot]
    rows = full.slot_rows(cut.symbol, slot, full.now(cut.symbol, cut.instant) or 0)
    size = len(supply.clock(full.plan.slot_clocks[slot]))
    if not rows or not size:
        return None
    found = first_difference(rows_of(value, size - 1, size), rows_of(whole, rows - 1, rows), 1, like=whole)
    if found is None:
        return None
    node, _, port = name.partition(".")
    place = f"{name}.{found.part}" if found.part else name
    return Problem(
        kind="warm_up",
        node=node,
        port=port,
        symbol=full.symbols[cut.symbol],
        bar_time=cut.instant,
        cut=0,
        found=found.found,
        expected=found.expected,
        message=(
            f"the graph as a whole needs more candles than the {len(supply.base)} it declares: {place} at the bar that"
            f" closes {utc(cut.instant)} is {shown(found.found)} from those and {shown(found.expected)} from all"
        ),
    )
