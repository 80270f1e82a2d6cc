"""At which bars to cut: those at which a node fired, and some at random.

A look-ahead shows at a bar whose value was made from later ones.  With a node that fires once in a thousand bars a
random cut hardly ever hits that; a cut at a bar where it fired does.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.random import PCG64, Generator  # noqa: TID251  seeded, and handed on as an argument
from numpy.typing import NDArray

from engine.plan import SOURCE
from engine.prove.full import FullRun
from engine.prove.isolation import Group
from engine.values import ExitPolicy, Labels, Signal, Zones, is_unknown

Rows = NDArray[np.int64]
RARE = 0.2  # a number that changes at fewer bars than this share is one that fires


class Cut(msgspec.Struct, frozen=True):
    """Where a history ends: a closing instant of a symbol, and whether something fired there."""

    symbol: int
    instant: int
    fired: bool


def generator(seed: int, *place: int) -> Generator:
    """Chance for one purpose, the same for the same seed."""
    return Generator(PCG64([seed, *place]))


def fired_rows(value: Any) -> Rows:
    """Rows at which a value says something new: turned on, changed its name or areas, became known or unknown."""
    if isinstance(value, Signal):
        return fired_rows(value.direction)
    if isinstance(value, Labels):
        return _changes(value.codes)
    if isinstance(value, Zones):
        ends = value.until[value.until < value.rows]
        return np.unique(np.concatenate([value.since, ends]))
    if isinstance(value, ExitPolicy):
        flags = [c for c in (value.exit_long, value.exit_short) if c is not None]
        return np.unique(np.concatenate([fired_rows(c) for c in flags])) if flags else np.zeros(0, np.int64)
    if not isinstance(value, np.ndarray) or not len(value):
        return np.zeros(0, np.int64)
    if value.dtype == np.int8:
        rows = _changes(value)
        return rows[np.abs(value[rows]) == 1]
    rows = _changes(value)
    return rows if len(rows) <= RARE * len(value) else _changes(is_unknown(value))


def _changes(column: Any) -> Rows:
    """Rows at which a column is another than at the row before; unknown numbers are all the same."""
    moved = column[1:] != column[:-1]
    if column.dtype.kind == "f":
        moved &= ~(is_unknown(column[1:]) & is_unknown(column[:-1]))
    return np.flatnonzero(moved) + 1


def cuts_of(
    full: FullRun, group: Group, symbol: int, count: int, random: Generator, *, firing: bool = True
) -> list[Cut]:
    """Cuts for a node: about half where its outputs fired, a quarter where its inputs did, the others anywhere.

    `firing` False leaves all of them to chance, as other tools do.
    """
    outputs = {slot for step in group for slot in step.slots}
    inputs = {slot for step in group for _, slot in step.args} - outputs
    chosen: dict[int, bool] = {}
    for slots, share in ((outputs, count // 2), (inputs, count // 4)) if firing else ():
        for instant in _some(_instants(full, symbol, slots), share, random):
            chosen[int(instant)] = True
    everywhere = _inside(full, symbol, full.closes(symbol, _clock(full, group, symbol)))
    for instant in _some(everywhere, count - len(chosen), random):
        chosen.setdefault(int(instant), False)
    return [Cut(symbol, instant, fired) for instant, fired in sorted(chosen.items())]


def _clock(full: FullRun, group: Group, symbol: int) -> str:
    """The clock at whose bars a history is cut: the node's own; candles of any timeframe come from the base bars."""
    step = group[0]
    own = step.tag != SOURCE and len(full.closes(symbol, step.clock))
    return step.clock if own else full.supplies[symbol].base.timeframe


def _inside(full: FullRun, symbol: int, instants: Rows) -> Rows:
    """Those after the first bar of a symbol has closed and before the last one has: elsewhere nothing is cut."""
    base = full.supplies[symbol].base
    return instants[(instants > base.time[0]) & (instants <= base.time[-1])]


def _instants(full: FullRun, symbol: int, slots: set[int]) -> Rows:
    """Closing instants at which any of the wires fired."""
    found: list[Rows] = [np.zeros(0, np.int64)]
    for slot in sorted(slots):
        rows = fired_rows(full.passes[symbol].values[slot])
        closes = full.closes(symbol, full.plan.slot_clocks[slot])
        found.append(closes[rows[rows < len(closes)]])
    return _inside(full, symbol, np.unique(np.concatenate(found)))


def _some(values: Rows, count: int, random: Generator) -> Rows:
    """At most so many of the values."""
    return random.choice(values, min(count, len(values)), replace=False) if count > 0 and len(values) else values[:0]
