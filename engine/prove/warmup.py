"""Whether the bars a node declares are enough: its last value from that many against the one from all bars."""

from typing import Any

import msgspec
import numpy as np

from engine.compare import Difference, first_difference, parts, shown
from engine.errors import NodeError
from engine.plan import SOURCE, Step
from engine.prove.cuts import fired_rows, generator
from engine.prove.full import FullRun
from engine.prove.isolation import tried
from engine.prove.report import Problem
from engine.prove.truncation import bar_time, utc
from engine.rows import rows_of
from engine.timeframe import duration
from engine.values import Labels, Zones

TIMES = (1, 2, 4)  # multiples of the declared bars
BARS = 6  # bars looked at per symbol


class Memory(msgspec.Struct, frozen=True):
    """What was measured: worst difference in percent by multiple, and the first bar at which 1x was not enough."""

    percents: tuple[float, ...] = ()
    problem: Problem | None = None
    reason: str = ""


def lookback_of(step: Step) -> int:
    """Bars of its clock a node declares."""
    from_bars: Any = getattr(step.node, "lookback_from", None)
    return max(int(from_bars(duration(step.clock)) if from_bars is not None else step.node.lookback()), 1)


def memory_of(full: FullRun, number: int, step: Step, seed: int) -> Memory:
    """Measure one node of a plan."""
    if step.tag == SOURCE:
        return Memory()
    if step.across:
        return Memory(reason="reads all symbols: its look-back is held by `parity`")
    lookback = lookback_of(step)
    worst, first, looked = [0.0] * len(TIMES), None, 0
    for symbol in range(len(full.passes)):
        for row in _rows_to_look_at(full, number, step, symbol, seed):
            looked += 1
            for k, times in enumerate(TIMES):
                percent, difference = _measured(full, step, symbol, row, times * lookback)
                worst[k] = max(worst[k], percent)
                if times == 1 and difference is not None and first is None and not step.folds:
                    first = (symbol, row, difference)
    if not looked:
        return Memory(reason=f"warm-up not measured: there are fewer than its {full.plan.warmup[step.id]} bars")
    problem = _too_short(full, step, lookback, tuple(worst), *first) if first is not None else None
    return Memory(tuple(worst), problem)


def _rows_to_look_at(full: FullRun, number: int, step: Step, symbol: int, seed: int) -> list[int]:
    """Rows of the node's clock after its warm-up: half where it fired, half anywhere."""
    rows = len(full.closes(symbol, step.clock))
    warm = full.plan.warmup.get(step.id, 1) - 1
    random = generator(seed, number, symbol, 1)
    values = full.passes[symbol].values
    fired: set[int] = set()
    for slot in step.slots:
        if full.plan.slot_clocks[slot] == step.clock:
            found = fired_rows(values[slot])
            found = found[(found >= warm) & (found < rows)]
            fired.update(random.choice(found, min(BARS // 2, len(found)), replace=False).tolist())
    chosen = sorted(fired)[: BARS // 2]
    if rows > warm:
        chosen += random.integers(warm, rows, BARS - len(chosen)).tolist()
    return sorted(set(chosen))


def _measured(full: FullRun, step: Step, symbol: int, row: int, window: int) -> tuple[float, Difference | None]:
    """Percent by which the last row from a window is off, and the difference if it is one."""
    now = int(full.closes(symbol, step.clock)[row])
    try:
        outputs = tried(step, full.arguments(step, symbol, now, window), step.state)
    except NodeError:
        return 100.0, Difference(0, "", "a failure", "a value")
    worst, first = 0.0, None
    for slot, value in zip(step.slots, outputs, strict=True):
        whole = full.passes[symbol].values[slot]
        at = full.slot_rows(symbol, slot, now)
        size = _length(value)
        if at == 0 or size is None:
            continue  # a rule, or nothing is there yet
        ours, theirs = rows_of(value, max(size - 1, 0), size), rows_of(whole, at - 1, at)
        difference = first_difference(ours, theirs, 1, like=whole)
        if difference is not None:
            worst = max(worst, percent_off(difference))
            first = first or msgspec.structs.replace(difference, part=_place(step, slot, difference.part))
    return worst, first


def _length(value: Any) -> int | None:
    """Rows of a value; None for what is the same at all of them."""
    columns = [part for _, part in parts(value) if isinstance(part, np.ndarray | Labels | Zones)]
    return len(columns[0]) if columns else None


def _place(step: Step, slot: int, part: str) -> str:
    port = step.ports[step.slots.index(slot)]
    return f"{port}.{part}" if part else port


def percent_off(difference: Difference) -> float:
    """How far a number is off, in percent of the expected one; 100 for what cannot be measured so."""
    found, expected = difference.found, difference.expected
    if not isinstance(found, float) or not isinstance(expected, float) or expected == 0.0:
        return 100.0
    off = abs((found - expected) / expected) * 100
    return off if off < np.inf else 100.0


def _too_short(
    full: FullRun, step: Step, lookback: int, percents: tuple[float, ...], symbol: int, row: int, found: Difference
) -> Problem:
    port = found.part.partition(".")[0]
    slot = step.slots[step.ports.index(port)] if port in step.ports else step.slots[0]
    now = int(full.closes(symbol, step.clock)[row])
    time = bar_time(full, symbol, slot, full.slot_rows(symbol, slot, now) - 1)
    off = ", ".join(f"{p:.3g} % off with {k}x" for k, p in zip(TIMES, percents, strict=True))
    bars = f"{lookback} bar{'s' if lookback != 1 else ''}"
    place = found.part or "output"
    return Problem(
        kind="warm_up",
        node=step.id,
        port=port,
        symbol=full.symbols[symbol],
        bar_time=time,
        cut=0,
        found=found.found,
        expected=found.expected,
        message=(
            f"node {step.id!r} ({step.tag}) declares {bars} and needs more: its {place} at the bar that closes"
            f" {utc(time)} is {shown(found.found)} from those bars and {shown(found.expected)} from all ({off})"
        ),
    )
