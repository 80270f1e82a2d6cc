"""Runs the whole graph again: on a history that ends earlier, on a changed future, and simply once more."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from engine.candles import PRICE_COLUMNS, Candles
from engine.columns import ColumnCache, ColumnPass, Supply, run_columns
from engine.compare import Difference, first_difference, shown
from engine.plan import Plan, Step, is_loop
from engine.prove.cuts import Cut
from engine.prove.full import FullRun, cut_supply, patient
from engine.prove.report import Problem
from engine.prove.truncation import bar_time, failure_at, leak, utc
from engine.rows import rows_of

Change = Callable[[Candles, int], Candles]


LOOP_TAIL = 1000  # poisoned bars a loop is run over, in Python


def has_loop(plan: Plan) -> bool:
    """Whether a part of the graph runs bar by bar."""
    return any(is_loop(group) for group in plan.columns)


class Differing(msgspec.Struct, frozen=True):
    """A wire that is another one in a second run: the first row of it."""

    step: Step
    port: str
    slot: int
    symbol: int
    difference: Difference


def run_until(full: FullRun, instant: int) -> tuple[tuple[ColumnPass, ...], tuple[int, ...]]:
    """The whole graph on the candles closed by an instant, and the symbols (by number) that have any."""
    there = tuple(s for s in range(len(full.passes)) if full.now(s, instant) is not None)
    supplies = tuple(cut_supply(full.supplies[s], full.now(s, instant) or 0) for s in there)
    return run_columns(patient(full.plan), supplies), there


def run_poisoned(full: FullRun, instant: int, change: Change) -> tuple[ColumnPass, ...]:
    """The whole graph with every candle that closes after an instant changed, of all timeframes and markets.

    Where a loop runs bar by bar only the next bars are kept.
    """
    supplies: list[Supply] = []
    for symbol, whole in enumerate(full.supplies):
        now = full.now(symbol, instant) or 0
        supply = cut_supply(whole, now + LOOP_TAIL * whole.base.bar_ms) if has_loop(full.plan) else whole
        supplies.append(Supply(change(supply.base, now), tuple(change(c, now) for c in supply.others.values())))
    with np.errstate(all="ignore"):  # what nodes make of nonsense is no news
        return run_columns(patient(full.plan), tuple(supplies))


def unknown_after(candles: Candles, now: int) -> Candles:
    """Nothing is known of the bars that close after an instant."""
    return _changed(candles, now, lambda column: np.full(len(column), np.nan))


def absurd_after(candles: Candles, now: int) -> Candles:
    """Valid bars at a thousand times the price and volume."""
    return _changed(candles, now, lambda column: column * 1000.0)


def _changed(candles: Candles, now: int, change: Callable[[Any], Any]) -> Candles:
    at = int(np.searchsorted(candles.time, now - candles.bar_ms, side="right"))
    columns: dict[str, Any] = {}
    for name in (*PRICE_COLUMNS, "volume"):
        column = getattr(candles, name)
        columns[name] = np.concatenate([column[:at], change(column[at:])])
        columns[name].flags.writeable = False
    return msgspec.structs.replace(candles, identity=f"{candles.identity}!{now}", **columns)


def differing(full: FullRun, passes: tuple[ColumnPass, ...], symbols: tuple[int, ...], instant: int) -> list[Differing]:
    """All wires whose rows up to an instant are others than in the full run, in running order; one per node."""
    found: list[Differing] = []
    for step in (s for group in full.plan.columns for s in group):
        for one, symbol in zip(passes, symbols, strict=True):
            first = next(_of_step(full, step, one, symbol, instant), None)
            if first is not None:
                found.append(first)
                break
    return found


def _of_step(full: FullRun, step: Step, one: ColumnPass, symbol: int, instant: int) -> Iterator[Differing]:
    now = full.now(symbol, instant)
    for port, slot in zip(step.ports, step.slots, strict=True):
        value, expected = one.values[slot], full.passes[symbol].values[slot]
        if now is not None and value is not expected:
            rows = full.slot_rows(symbol, slot, now)
            difference = first_difference(rows_of(value, 0, rows), expected, rows)
            if difference is not None:
                yield Differing(step, port, slot, symbol, difference)


def culprits(plan: Plan, found: list[Differing]) -> list[Differing]:
    """Those that read nothing that differs: the others only inherit it."""
    slots = {slot for d in found for slot in d.step.slots}
    return [d for d in found if not any(slot in slots and slot not in d.step.slots for _, slot in d.step.args)]


def heirs(plan: Plan, found: list[Differing], node: str) -> tuple[str, ...]:
    """Nodes that differ downstream of a node."""
    reached = {slot for group in plan.columns for s in group if s.id == node for slot in s.slots}
    out: list[str] = []
    for step in (s for group in plan.columns for s in group):
        if step.id != node and any(slot in reached for _, slot in step.args):
            reached.update(step.slots)
            if any(d.step.id == step.id for d in found):
                out.append(step.id)
    return tuple(out)


def cut_problems(full: FullRun, cut: Cut) -> tuple[list[Problem], tuple[ColumnPass, ...]]:
    """What differs when the whole graph is run on a history that ends earlier; its passes."""
    passes, there = run_until(full, cut.instant)
    found = differing(full, passes, there, cut.instant)
    return _problems(full, passes, found, cut), passes


def _problems(
    full: FullRun, passes: tuple[ColumnPass, ...], found: list[Differing], cut: Cut, how: str = ""
) -> list[Problem]:
    """The causes of what differs: nodes that look ahead, and nodes that fail on this history."""
    failed = {i.node: i.received or i.message for one in passes for i in one.issues}
    return [
        failure_at(full, d.step.id, cut, failed[d.step.id], how)
        if d.step.id in failed
        else _leak(full, d, found, cut, how)
        for d in culprits(full.plan, found)
    ]


def _leak(full: FullRun, d: Differing, found: list[Differing], cut: Cut, how: str) -> Problem:
    problem = leak(full, d.step, d.port, d.slot, Cut(d.symbol, cut.instant, cut.fired), d.difference, how)
    return msgspec.structs.replace(problem, inherited_by=heirs(full.plan, found, d.step.id))


def poison_problems(full: FullRun, cut: Cut) -> Iterator[Problem]:
    """What depends on the future in a way that shows only when the future is another one."""
    for words, change in (
        ("nothing is known", unknown_after),
        ("all prices are a thousand times higher", absurd_after),
    ):
        passes = run_poisoned(full, cut.instant, change)
        found = differing(full, passes, tuple(range(len(passes))), cut.instant)
        yield from _problems(full, passes, found, cut, f"where {words} after {utc(cut.instant)}")


def unstable_problems(full: FullRun) -> Iterator[Problem]:
    """What is another value in a second run: plainly again, in another order of symbols, and from a cache."""
    plan, supplies = patient(full.plan), full.supplies
    cache = ColumnCache()
    runs = [("in a second run", run_columns(plan, supplies, cache))]
    if not has_loop(plan):
        runs.append(("from the cache", run_columns(plan, supplies, cache)))
    if len(supplies) > 1:
        runs.append(("with the symbols in another order", run_columns(plan, supplies[::-1])[::-1]))
    for words, passes in runs:
        end = max(int(s.base.close_time[-1]) for s in supplies if len(s.base))
        for d in culprits(plan, differing(full, passes, tuple(range(len(passes))), end)):
            yield _unstable(full, d, words)


def _unstable(full: FullRun, d: Differing, words: str) -> Problem:
    time = bar_time(full, d.symbol, d.slot, d.difference.row)
    return Problem(
        kind="unstable",
        node=d.step.id,
        port=d.port,
        symbol=full.symbols[d.symbol],
        bar_time=time,
        cut=0,
        found=d.difference.found,
        expected=d.difference.expected,
        message=(
            f"node {d.step.id!r} ({d.step.tag}) is not repeatable: its {d.port} at the bar that closes {utc(time)} is"
            f" {shown(d.difference.found)} {words}, and {shown(d.difference.expected)} in the first"
        ),
    )
