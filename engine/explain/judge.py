"""Walks a plan backwards from its decisions and finds at every bar asked about what was so and what was not."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from engine.candles import FloatColumn
from engine.columns import ColumnPass
from engine.explain.names import Names
from engine.explain.pace import WINDOW, usual_move
from engine.explain.verdict import FAR, Leaf, Rows, Source, Truth, Verdict, in_turn, joined, of_leaf
from engine.explain.wording import bare_words, compare_words, measure_words
from engine.needs import After, AllOf, AnyOf, Compare, Fact, Goal, Hints, Measure, Need, Seen, Wants, equals
from engine.plan import Step
from engine.values import UNKNOWN, Labels, Signal

_SIDED = ("direction", "signal")
_FEW = 32  # rows up to which the usual move is taken row by row instead of over the whole history


class Place(msgspec.Struct, frozen=True):
    """Rows on a clock, -1 where it has none; `key` says how they were reached."""

    clock: str
    rows: Rows
    key: str


class Judge:
    """Verdicts over some closing instants (ms UTC) of one symbol's run."""

    def __init__(self, one: ColumnPass, names: Names, instants: Rows) -> None:
        self.one, self.names, self.supply = one, names, one.supply
        self.instants = instants
        self._known: dict[tuple[Any, ...], Verdict] = {}
        self._path: list[str] = []
        self._leaves = 0
        self._ratio = {clock: self.supply.clock(clock).bar_ms / self.supply.base.bar_ms for clock in self._clocks()}

    def _clocks(self) -> set[str]:
        return {step.clock for step in self.names.steps.values()} | set(self.one.plan.slot_clocks)

    def decision(self, side: int) -> Verdict:
        """What an entry on a side needs: one of the decisions with its signal there."""
        parts = [self._decided(step, side) for step in self.one.plan.rows if not step.asks]
        return parts[0] if len(parts) == 1 else joined("any", tuple(parts))

    def _decided(self, step: Step, side: int) -> Verdict:
        kinds = {name: self.names.owner[slot][2] for name, slot in step.args}
        asked = step.node.needs("", side, self.seen(step))
        if asked is None:
            wanted = [n for n, k in kinds.items() if k == "signal"] or [n for n, k in kinds.items() if k == "direction"]
            flags = [Wants(port=n, goal=1) for n, k in kinds.items() if k == "flag"]
            asked = AllOf((*(Wants(port=n, goal=side) for n in wanted), *(() if wanted else flags)))
        place = self.place(step.clock)
        if isinstance(asked, AllOf) and not asked.parts:
            return of_leaf(self._fact(step, place, Fact(met=False, yes="", no="tells nothing of itself")))
        inner = self._need(asked, step, place)
        return Verdict("all", inner.met, inner.distance, (inner,), node=step.id)

    def _next(self) -> int:
        self._leaves += 1
        return self._leaves

    def place(self, clock: str) -> Place:
        """The latest row of a clock that is closed at each instant."""
        closes = self.supply.clock(clock).close_time
        return Place(clock, np.searchsorted(closes, self.instants, side="right") - 1, "")

    def seen(self, step: Step) -> Seen:
        """The columns of a step."""
        values = self.one.values
        return Seen(
            {name: values[slot] for name, slot in step.args},
            {port: values[slot] for port, slot in zip(step.ports, step.slots, strict=True)},
        )

    # --- places -------------------------------------------------------------------------------------------------------

    def _onto(self, place: Place, clock: str, ago: int = 0) -> Place:
        if ago:
            place = Place(place.clock, np.maximum(place.rows - ago, -1), f"{place.key}-{ago}")
        if clock == place.clock:
            return place
        closes = self.supply.clock(place.clock).close_time
        if not len(closes):
            return Place(clock, np.full(len(place.rows), -1), f"{place.key}>{clock}")
        found = (
            np.searchsorted(self.supply.clock(clock).close_time, closes[np.maximum(place.rows, 0)], side="right") - 1
        )
        return Place(clock, np.where(place.rows < 0, -1, found), f"{place.key}>{clock}")

    # --- outputs ------------------------------------------------------------------------------------------------------

    def wants(self, slot: int, goal: Goal, differs: bool, place: Place) -> Verdict:
        """An output has to be `goal` at a place (or anything else, if `differs`)."""
        step, port, kind = self.names.owner[slot]
        if kind == "flag" and differs:
            goal, differs = 1 - int(goal), False
        place = self._onto(place, self.names.clock(slot))
        key = (slot, goal, differs, place.key, place.clock)
        found = self._known.get(key)
        if found is not None:
            return found
        bare = of_leaf(self._bare(slot, goal, differs, place))
        if step.id in self._path or differs or self.one.values[slot] is None:
            return bare  # a loop through a delay is told once
        self._path.append(step.id)
        told = self._told(step, port, kind, goal, place, bare)
        self._path.pop()
        away = np.where(told.met, FAR, told.distance)
        out = Verdict("wants", bare.met, np.where(bare.met, 0.0, away), (told, bare), node=step.id)
        self._known[key] = out
        return out

    def _told(self, step: Step, port: str, kind: str, goal: Goal, place: Place, bare: Verdict) -> Verdict:
        try:
            need = step.node.needs(port, goal, self.seen(step))
        except Exception as error:  # a node is foreign code: that it cannot explain itself is what is told
            no = f"cannot explain itself ({type(error).__name__}: {error})"
            return of_leaf(self._fact(step, place, Fact(met=False, yes="", no=no)))
        if need is not None:
            return self._need(need, step, place)
        signals = [s for _, s in step.args if self.names.owner[s][2] == "signal"]
        if kind == "signal" and len(signals) == 1:
            return in_turn(self.wants(signals[0], goal, False, place), bare)
        return self._hints(bare, [self.wants(s, g, False, place) for s, g in self._same_kind(step, kind, goal)])

    def _same_kind(self, step: Step, kind: str, goal: Goal) -> list[tuple[int, Goal]]:
        """Inputs that speak of the same thing as the output, with what they should say."""
        out: list[tuple[int, Goal]] = []
        for _, slot in step.args:
            given = self.names.owner[slot][2]
            if (given == kind == "flag") or (given in _SIDED and kind in _SIDED and goal in (1, -1)):
                out.append((slot, goal))
        return out

    @staticmethod
    def _hints(itself: Verdict, inputs: list[Verdict]) -> Verdict:
        return Verdict("hints", itself.met, itself.distance, (itself, *inputs)) if inputs else itself

    # --- needs --------------------------------------------------------------------------------------------------------

    def _need(self, need: Need, step: Step, place: Place) -> Verdict:
        match need:
            case Wants():
                slot = dict(step.args)[need.port]
                return self.wants(slot, need.goal, need.differs, self._onto(place, place.clock, need.ago))
            case AllOf() | AnyOf():
                kind = "all" if isinstance(need, AllOf) else "any"
                return joined(kind, tuple(self._need(p, step, place) for p in need.parts))
            case After():
                return in_turn(self._need(need.first, step, place), self._need(need.then, step, place), need.silent)
            case Hints():
                return self._hints(
                    self._need(need.itself, step, place), [self._need(p, step, place) for p in need.inputs]
                )
            case Compare():
                return of_leaf(self._compare(step, place, need))
            case Measure():
                return of_leaf(self._measure(step, place, need))
            case Fact():
                return of_leaf(self._fact(step, place, need))

    def _compare(self, step: Step, place: Place, need: Compare) -> Leaf:
        a, (value, at) = self._number(step, need.a), self._read(step, place, need.a, need.ago)
        sources = [Source(a[0], at.rows)]
        if need.against:
            other = self._number(step, need.against)
            level, at_level = self._read(step, place, need.against, need.against_ago)
            sources.append(Source(other[0], at_level.rows))
            same_bar = need.against_ago == need.ago and need.against != need.a
            series: Any = a[1] - other[1] if same_bar and len(a[1]) == len(other[1]) else a[1]
        else:
            level, series = np.full(len(value), need.level), a[1]
        yes, no = compare_words(need, lambda port: self._name(step, port))
        pace = self._pace(series, at.rows)
        return self._numeric(step, place, value, level, pace, need.relation, yes, no, need.ago, tuple(sources))

    def _measure(self, step: Step, place: Place, need: Measure) -> Leaf:
        value = _take(need.value, place.rows)
        fixed = not isinstance(need.level, np.ndarray)
        level = np.full(len(value), need.level) if fixed else _take(need.level, place.rows)
        series = need.value if fixed else need.value - np.asarray(need.level)
        yes, no = measure_words(f"{self.names.node(step.id)}: {need.name}", need.relation)
        sources = tuple(Source(slot, self._onto(place, self.names.clock(slot)).rows) for _, slot in step.args)
        return self._numeric(
            step, place, value, level, self._pace(series, place.rows), need.relation, yes, no, 0, sources
        )

    def _numeric(  # noqa: PLR0913  a condition on a number has as many parts
        self, step: Step, place: Place, value: FloatColumn, level: FloatColumn, pace: FloatColumn, relation: str,
        yes: str, no: str, past: int, sources: tuple[Source, ...],
    ) -> Leaf:  # fmt: skip
        known = ~(np.isnan(value) | np.isnan(level))
        met = _HOLDS[relation](value, level) & known
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.abs(level - value)
            distance = np.where(away == 0, 0.0, away / pace * self._ratio[place.clock])
        distance = np.where(met, 0.0, np.where(np.isnan(distance), FAR, distance))
        return Leaf(
            number=self._next(), node=step.id, clock=place.clock, met=met, known=known, distance=distance, value=value,
            level=level, pace=pace, relation=relation, yes=yes, no=no, past=past, sources=sources,
        )  # fmt: skip

    def _fact(self, step: Step, place: Place, need: Fact) -> Leaf:
        met = _take_truth(need.met, place.rows)
        name = self.names.node(step.id)
        return Leaf(
            number=self._next(), node=step.id, clock=place.clock, met=met, known=np.ones(len(met), bool),
            distance=np.where(met, 0.0, FAR), yes=f"{name} {need.yes}", no=f"{name} {need.no}",
        )  # fmt: skip

    def _bare(self, slot: int, goal: Goal, differs: bool, place: Place) -> Leaf:
        step, _, kind = self.names.owner[slot]
        column = self.one.values[slot]
        if column is None:
            known = met = np.zeros(len(place.rows), bool)
            value = np.full(len(place.rows), np.nan)
        else:
            codes = column.codes if isinstance(column, Labels) else getattr(column, "direction", column)
            value = _take(codes, place.rows)
            known = ~np.isnan(value) & (value != UNKNOWN)
            met = (_take_truth(equals(column, goal), place.rows) != differs) & known
        names = column.names if isinstance(column, Labels) else ()
        yes, no = bare_words(self.names.of_slot(slot), kind, goal, differs)
        return Leaf(
            number=self._next(), node=step.id, clock=place.clock, met=met, known=known,
            distance=np.where(met, 0.0, FAR), value=value, yes=yes, no=no, bare=kind, words=names,
            sources=(Source(slot, place.rows),),
        )  # fmt: skip

    # --- numbers ------------------------------------------------------------------------------------------------------

    def _number(self, step: Step, name: str) -> tuple[int, FloatColumn]:
        """Slot and whole column of a number the step reads or gives."""
        port, _, field = name.partition(".")
        slot = dict(step.args).get(port)
        if slot is None:
            slot = step.slots[step.ports.index(port)]
        value = self.one.values[slot]
        return slot, np.asarray(getattr(value, field) if field else value, np.float64)

    def _read(self, step: Step, place: Place, name: str, ago: int) -> tuple[FloatColumn, Place]:
        slot, column = self._number(step, name)
        at = self._onto(place, self.names.clock(slot), ago)
        return _take(column, at.rows), at

    def _name(self, step: Step, name: str) -> str:
        field = name.partition(".")[2]
        slot = self._number(step, name)[0]
        if field and isinstance(self.one.values[slot], Signal):
            return f"{field} of {self.names.of_slot(slot)}"
        if not field:
            return self.names.of_slot(slot)
        clock = self.names.clock(slot)
        return field if clock == self.supply.base.timeframe else f"{field} ({clock})"

    @staticmethod
    def _pace(series: FloatColumn, rows: Rows) -> FloatColumn:
        if len(rows) > _FEW:
            return _take(usual_move(series), rows)
        parts = [usual_move(series[max(0, r - WINDOW) : r + 1])[-1] if r >= 0 else np.nan for r in rows.tolist()]
        return np.array(parts, np.float64)


_HOLDS: dict[str, Callable[[FloatColumn, FloatColumn], Truth]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
}  # fmt: skip


def _take(column: Any, rows: Rows) -> FloatColumn:
    """Values at rows as floats, NaN at row -1."""
    if not len(column):
        return np.full(len(rows), np.nan)
    return np.where(rows < 0, np.nan, np.asarray(column)[np.maximum(rows, 0)])


def _take_truth(column: Truth | bool, rows: Rows) -> Truth:
    """Truths at rows, false at row -1; one truth is that of every row."""
    if isinstance(column, bool):
        return np.full(len(rows), column)
    if not len(column):
        return np.zeros(len(rows), bool)
    return column[np.maximum(rows, 0)] & (rows >= 0)
