"""Cuts the history behind chosen bars: nothing up to there may change, since no later bar could be known."""

from collections.abc import Iterable

import msgspec
import numpy as np

from engine.compare import Difference, first_difference, shown
from engine.errors import InputError, NodeError
from engine.plan import Step, is_loop
from engine.prove.cuts import Cut, cuts_of, generator
from engine.prove.full import FullRun
from engine.prove.isolation import Group, values_at
from engine.prove.report import Problem

LOOP_BARS = 20_000  # bars a loop may run over in all of its cuts; it runs bar by bar, in Python


class Finding(msgspec.Struct, frozen=True):
    """What the cuts of one group told: how many were made, and the first problem of each node."""

    cuts: int
    fired: int
    problems: tuple[Problem, ...]


def cut_group(full: FullRun, number: int, group: Group, count: int, seed: int, *, firing: bool = True) -> Finding:
    """Cut the history of one node or loop, shared between the symbols."""
    symbols = len(full.passes)
    found: dict[str, Problem] = {}
    made = fired = 0
    for symbol in range(symbols):
        share = -(-count // symbols)
        cuts = _affordable(
            full, group, cuts_of(full, group, symbol, share, generator(seed, number, symbol), firing=firing)
        )
        for cut in reversed(cuts):  # late ones first: what only inherits a leak is warm by then
            made, fired = made + 1, fired + cut.fired
            for problem in problems_at(full, group, cut):
                found.setdefault(problem.node, problem)
            if len(found) == len(group):
                break
    return Finding(made, fired, tuple(found.values()))


def _affordable(full: FullRun, group: Group, cuts: list[Cut]) -> list[Cut]:
    """All cuts of a node; of a loop the early ones, as many as may be run bar by bar."""
    if not is_loop(group):
        return cuts
    bars = np.cumsum([full.rows(c.symbol, group[0].clock, c.instant) for c in cuts])
    return cuts[: max(int(np.searchsorted(bars, LOOP_BARS)), 1)]


def problems_at(full: FullRun, group: Group, cut: Cut) -> Iterable[Problem]:
    """What differs on the history that ends at a cut."""
    try:
        values = values_at(full, group, cut.symbol, cut.instant)
    except InputError as error:
        yield failure_at(full, group[0].id, cut, str(error))
        return
    except NodeError as error:
        yield failure_at(full, error.node, cut, str(error))
        return
    for step in group:
        for port, slot in zip(step.ports, step.slots, strict=True):
            if slot in values:
                now = full.now(cut.symbol, cut.instant) or 0
                rows = full.slot_rows(cut.symbol, slot, now)
                difference = first_difference(values[slot], full.passes[cut.symbol].values[slot], rows)
                if difference is not None:
                    yield leak(full, step, port, slot, cut, difference)
                    break


def leak(full: FullRun, step: Step, port: str, slot: int, cut: Cut, found: Difference, how: str = "") -> Problem:
    """A look-ahead as a problem; `how` says what was done to the future instead of cutting it off."""
    time = bar_time(full, cut.symbol, slot, found.row)
    place = f"{port}.{found.part}" if found.part else port
    done = how or f"while the history ends at {utc(cut.instant)}"
    return Problem(
        kind="leak",
        node=step.id,
        port=port,
        symbol=full.symbols[cut.symbol],
        bar_time=time,
        cut=cut.instant,
        found=found.found,
        expected=found.expected,
        message=(
            f"node {step.id!r} ({step.tag}) looks ahead: its {place} at the bar that closes {utc(time)} is"
            f" {shown(found.found)} {done}, and {shown(found.expected)} once later bars are known"
        ),
    )


def failure_at(full: FullRun, node: str, cut: Cut, error: str, how: str = "") -> Problem:
    """A node that fails where a history ends; `how` says what was done to the future instead of cutting it off."""
    where = how or f"where the history ends at {utc(cut.instant)}"
    return Problem(
        kind="failed",
        node=node,
        port="",
        symbol=full.symbols[cut.symbol],
        bar_time=cut.instant,
        cut=cut.instant,
        found=None,
        expected=None,
        message=f"node {node!r} fails {where} ({error}), and not on the whole history",
    )


def bar_time(full: FullRun, symbol: int, slot: int, row: int) -> int:
    """Closing instant of a row of a wire; one row more than there are stands for the bar that is not closed yet."""
    closes = full.closes(symbol, full.plan.slot_clocks[slot])
    if row < len(closes):
        return int(closes[row])
    return int(closes[-1]) if len(closes) else 0


def utc(instant: int) -> str:
    """An instant for people."""
    return f"{str(np.datetime64(instant, 'ms'))[:16].replace('T', ' ')} UTC"
