"""Runs one node, or one loop, by itself on a history that ends earlier.

What it reads is taken from the run over all bars, cut to the instant.  A node is then judged by what it does itself:
one that only passes a leak on is clean, and a second leak behind a first one is found too.
"""

from typing import Any

from engine.columns import ColumnPass, called, run_group
from engine.errors import NodeError
from engine.plan import SOURCE, Step, is_loop
from engine.prove.full import FullRun, cut_supply
from engine.rows import rows_of

Group = tuple[Step, ...]


def values_at(full: FullRun, group: Group, symbol: int, instant: int) -> dict[int, Any]:
    """Slot to value of the outputs on the history up to an instant.  Raises NodeError if the node fails there."""
    step = group[0]
    now = full.now(symbol, instant)
    if now is None:
        return {}
    if step.across or is_loop(group):
        return _gathered(full, group, symbol, instant)
    if step.tag == SOURCE:
        supply = cut_supply(full.supplies[symbol], now)
        outputs = step.node.ports_of(supply.candles(step.node.symbol, step.node.timeframe or supply.base.timeframe))
    else:
        outputs = tried(step, full.arguments(step, symbol, now), step.state)
    return dict(zip(step.slots, outputs, strict=True))


def tried(step: Step, arguments: dict[str, Any], state: Any) -> tuple[Any, ...]:
    """Outputs of a node.  Raises NodeError whatever goes wrong in it."""
    try:
        return called(step, arguments, state)[1]
    except Exception as error:  # a node is foreign code: whatever it raises is a finding about that node
        raise NodeError(step.id, f"{type(error).__name__}: {error}") from error


def _gathered(full: FullRun, group: Group, symbol: int, instant: int) -> dict[int, Any]:
    """Outputs of what needs more than columns: of all symbols, or of bar after bar."""
    across = group[0].across
    passes: list[ColumnPass] = []
    place = 0
    for s in range(len(full.passes)) if across else (symbol,):
        now = full.now(s, instant)
        if now is None:
            continue
        place = len(passes) if s == symbol else place
        one = ColumnPass(full.plan, cut_supply(full.supplies[s], now))
        for slot in {slot for step in group for _, slot in step.args}:
            one.values[slot] = rows_of(full.passes[s].values[slot], 0, full.slot_rows(s, slot, now))
        passes.append(one)
    run_group(group, tuple(passes))
    issue = next((i for i in passes[place].issues), None)
    if issue is not None:
        raise NodeError(issue.node or group[0].id, issue.received or issue.message)
    return {slot: passes[place].values[slot] for step in group for slot in step.slots}
