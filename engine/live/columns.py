"""The columns of a live run: every node again for each closed bar, over the rows it looks back on.

    live = LiveColumns.start(plan, supplies)    # one vector pass over the history
    live.advance(candles)                       # the candles that closed since
    live.row(symbol)                            # the latest row, for the queries and decisions of `Session`

Nodes get the last rows of their inputs, folds one row and the state they left, nodes on another clock run only when a
bar of it closes, loops and nodes of watchlist scope as in the vector pass.  `engine.parity` shows that both agree.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles
from engine.columns import ColumnPass, Supply, called, failure, row_across, run_columns, told_across
from engine.errors import InputError
from engine.issue import Issue
from engine.live.join import joined
from engine.live.lane import Clock, Lane
from engine.live.needs import Kept, kept_rows, lookback_of
from engine.plan import SOURCE, Plan, Step, is_loop
from engine.rows import rows_of, unknown
from engine.values import UNKNOWN

Group = tuple[Step, ...]


class LiveColumns:
    """Values of every wire, a row at a time.  `news[symbol][slot]` are the rows that the last advance added."""

    def __init__(self, plan: Plan, lanes: tuple[Lane, ...], kept: Kept) -> None:
        self.plan, self.lanes, self.kept = plan, lanes, kept
        self.news: tuple[dict[int, Any], ...] = tuple({} for _ in lanes)
        self.issues: list[Issue] = []
        self._lookback = {s.id: lookback_of(s) for group in plan.columns for s in group}
        self._latest = tuple(ColumnPass(plan, lane.supply) for lane in lanes)

    @classmethod
    def start(cls, plan: Plan, supplies: tuple[Supply, ...], checkpoint: bytes | None = None) -> "LiveColumns":
        """Begin behind a history: values from a vector pass over it, states of folds from a checkpoint if one is given.

        Raises InputError for a checkpoint of another graph.
        """
        return cls.resume(plan, run_columns(plan, supplies), checkpoint)

    @classmethod
    def resume(cls, plan: Plan, passes: tuple[ColumnPass, ...], checkpoint: bytes | None = None) -> "LiveColumns":
        """Begin behind a finished vector pass."""
        kept = kept_rows(plan)
        live = cls(plan, tuple(Lane(plan, one, kept) for one in passes), kept)
        live.issues += [i for one in passes for i in one.issues]
        stored = None if checkpoint is None else _decoded(checkpoint, plan)
        for lane, one in zip(live.lanes, passes, strict=True):
            for step in (s for group in plan.columns for s in group if s.folds):
                kind = type(step.state)
                if stored is None:
                    lane.states[step.id] = _state_after(step, one)
                else:
                    lane.states[step.id] = msgspec.convert(stored.states[lane.symbol][step.id], kind)
        return live

    def checkpoint(self) -> bytes:
        """The states of all folds, to go on from later."""
        return msgspec.msgpack.encode(Checkpoint(self.plan.logic_hash, {k.symbol: k.states for k in self.lanes}))

    def advance(self, candles: Iterable[Candles]) -> None:
        """Take the candles that closed since the last call, of any market, and compute the new rows of all wires.

        Raises NodeError if a node fails whose policy is to pause.
        """
        given = tuple(candles)
        for lane in self.lanes:
            lane.feed(given)
        self.news = tuple({} for _ in self.lanes)
        for group in self.plan.columns:
            if group[0].across:
                self._across(group[0])
                continue
            for number, lane in enumerate(self.lanes):
                if is_loop(group):
                    self._loop(group, number, lane)
                else:
                    self._step(group[0], number, lane)

    def row(self, symbol: int) -> ColumnPass:
        """The latest row of every wire of a symbol, as row 0."""
        one, lane = self._latest[symbol], self.lanes[symbol]
        one.supply = _OneRow(lane)
        for slot, value in enumerate(lane.values):
            one.values[slot] = None if value is None else lane.window(slot, 1, _EVER)
        return one

    # --- one node, one bar --------------------------------------------------------------------------------------------

    def _step(self, step: Step, number: int, lane: Lane) -> None:
        out = lane.slot_clocks[step.slots[0]]
        if not out.new:
            return
        try:
            if step.tag == SOURCE:
                rows = self._source(step, lane, out)
            elif out is not lane.clocks[step.clock]:
                rows = self._changing_clock(step, lane, out)
            else:
                rows = [self._at(step, lane, int(instant)) for instant in out.closes[-out.new :]]
        except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of that node
            rows = [self._failed(step, lane, out.new, error)]
        for place, slot in enumerate(step.slots):
            value = self.news[number][slot] = joined([outputs[place] for outputs in rows])
            lane.append(slot, value, out.new)

    @staticmethod
    def _source(step: Step, lane: Lane, out: Clock) -> list[tuple[Any, ...]]:
        candles = lane.supply.candles(step.node.symbol, step.node.timeframe or lane.supply.base.timeframe)
        whole = step.node.ports_of(candles)
        return [tuple(rows_of(value, len(candles) - out.new, len(candles)) for value in whole)]

    def _changing_clock(self, step: Step, lane: Lane, out: Clock) -> list[tuple[Any, ...]]:
        """A node that makes bars of another length: it runs when one of them closes."""
        own = lane.clocks[step.clock]
        window = self._lookback[step.id] + max(own.new - 1, 0)
        _, outputs = called(step, self._arguments(step, lane, window, int(own.closes[-1])), None)
        return [tuple(rows_of(value, _rows(value) - out.new, _rows(value)) for value in outputs)]

    def _at(self, step: Step, lane: Lane, instant: int) -> tuple[Any, ...]:
        """The outputs of a node at the bar of its clock that closes at an instant."""
        arguments = self._arguments(step, lane, self._lookback[step.id], instant)
        state, outputs = called(step, arguments, lane.states.get(step.id))
        if step.folds:
            lane.states[step.id] = state
        return tuple(rows_of(value, _rows(value) - 1, _rows(value)) for value in outputs)

    @staticmethod
    def _arguments(step: Step, lane: Lane, rows: int, instant: int) -> dict[str, Any]:
        arguments = {name: lane.window(slot, rows, instant) for name, slot in step.args}
        for name, timeframe in step.times:
            clock = lane.clocks[timeframe]
            end = len(clock.closes) - clock.missing(instant)
            arguments[name] = clock.closes[max(end - rows, 0) : end]
        return arguments

    def _failed(self, step: Step, lane: Lane, rows: int, error: Exception) -> tuple[Any, ...]:
        """Unknown rows in place of a node's; its failure is told once."""
        if isinstance(error, InputError):
            raise error
        issue = failure(step, lane.symbol, error)
        if not any(known.node == step.id and known.message == issue.message for known in self.issues):
            self.issues.append(issue)
        lane.dropped = lane.dropped or step.on_error == "skip"
        return tuple(unknown(kind, rows) for kind in step.kinds)

    # --- loops and watchlists -----------------------------------------------------------------------------------------

    def _loop(self, group: Group, number: int, lane: Lane) -> None:
        """A loop, bar by bar: delays see a row and the one before, where the wire they wait for is not known yet."""
        clock = lane.clocks[group[0].clock]
        slots = [(slot, kind) for step in group for slot, kind in zip(step.slots, step.kinds, strict=True)]
        added: list[dict[int, Any]] = []
        for instant in clock.closes[len(clock.closes) - clock.new :]:
            before = {slot: lane.values[slot] for slot, _ in slots}
            rows: dict[int, Any] = {slot: unknown(kind, 1) for slot, kind in slots}
            try:
                self._loop_bar(group, lane, int(instant), before, rows)
            except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of the loop
                for step in group:
                    rows.update(zip(step.slots, self._failed(step, lane, 1, error), strict=True))
            for slot, _ in slots:
                lane.append(slot, rows[slot], 1)
            added.append(rows)
        for slot, _ in slots if added else ():
            self.news[number][slot] = joined([rows[slot] for rows in added])

    @staticmethod
    def _loop_bar(group: Group, lane: Lane, instant: int, before: dict[int, Any], rows: dict[int, Any]) -> None:
        first = lane.clocks[group[0].clock].count == 1
        for step in group:
            count = 2 if step.delays and not first else 1
            arguments: dict[str, Any] = {}
            for name, slot in step.args:
                if slot in rows:
                    arguments[name] = joined([before[slot], rows[slot]])[-count:]
                else:
                    arguments[name] = lane.window(slot, count, instant)
            if step.folds:
                lane.states[step.id], result = step.node.step(lane.states[step.id], **arguments)
            else:
                result = step.node.compute(**arguments)
            for slot, value in zip(step.slots, result if isinstance(result, tuple) else (result,), strict=True):
                rows[slot] = value[-1:]

    def _across(self, step: Step) -> None:
        """A watchlist node: tables of all symbols on the union of their latest bars."""
        clocks = [lane.clocks[step.clock] for lane in self.lanes]
        times = [clock.closes for clock in clocks]
        new = np.unique(np.concatenate([clock.closes[len(clock.closes) - clock.new :] for clock in clocks]))
        union = np.unique(np.concatenate(times))
        for instant in new:
            window = union[union <= instant][-self._lookback[step.id] :]
            arguments = {name: self._table(slot, times, window) for name, slot in step.args}
            arguments.update(told_across(step, window, tuple(lane.symbol for lane in self.lanes)))
            try:
                result = step.node.compute(**arguments)
                tables = result if isinstance(result, tuple) else (result,)
                columns = [[row_across(t, n, slice(-1, None)) for n in range(len(self.lanes))] for t in tables]
            except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of that node
                columns = [[value] * len(self.lanes) for value in self._failed(step, self.lanes[0], 1, error)]
            for number, (lane, clock) in enumerate(zip(self.lanes, clocks, strict=True)):
                if instant in clock.closes[len(clock.closes) - clock.new :]:
                    for slot, column in zip(step.slots, columns, strict=True):
                        rows = column[number]
                        known = self.news[number].get(slot)
                        self.news[number][slot] = rows if known is None else joined([known, rows])
                        lane.append(slot, rows, 1)

    def _table(self, slot: int, times: list[Any], window: Any) -> Any:
        """A wire of all symbols at some closing instants; symbols that lack a bar are unknown there."""
        first = self.lanes[0].values[slot]
        table = np.full((len(self.lanes), len(window)), np.nan if first.dtype.kind == "f" else UNKNOWN, first.dtype)
        for row, lane in enumerate(self.lanes):
            column = lane.values[slot]
            closes = times[row][len(times[row]) - min(len(column), len(times[row])) :]
            column = column[len(column) - len(closes) :]
            at = np.searchsorted(window, closes)
            here = (at < len(window)) & (window[np.minimum(at, len(window) - 1)] == closes)
            table[row, at[here]] = column[here]
        return table


_EVER = np.iinfo(np.int64).max


class Checkpoint(msgspec.Struct, frozen=True):
    """States of folds by symbol and node, and the logic they belong to."""

    logic_hash: str
    states: dict[str, dict[str, Any]]


def _decoded(checkpoint: bytes, plan: Plan) -> Checkpoint:
    try:
        stored = msgspec.msgpack.decode(checkpoint, type=Checkpoint)
    except msgspec.DecodeError as error:
        raise InputError(f"the checkpoint cannot be read ({error}); start from the candles again") from None
    if stored.logic_hash != plan.logic_hash:
        raise InputError(
            f"the checkpoint is of graph {stored.logic_hash}, not of {plan.logic_hash}; start from the candles again"
        )
    return stored


def _state_after(step: Step, one: ColumnPass) -> Any:
    """The state of a fold behind the history; its inputs, those of a loop too, are all known by now."""
    arguments = {name: one.values[slot] for name, slot in step.args}
    for name, timeframe in step.times:
        arguments[name] = one.supply.clock(timeframe).close_time
    try:
        return called(step, arguments, step.state)[0]
    except Exception as error:  # the vector pass has told of it; what was not understood is not remembered
        failure(step, one.supply.base.symbol, error)
        return step.state


def _rows(value: Any) -> int:
    if hasattr(value, "__len__"):
        return len(value)
    columns = (getattr(value, n) for n in value.__struct_fields__)
    return next((len(c) for c in columns if isinstance(c, np.ndarray)), 1)


class _OneRow(Supply):
    """The clocks of a lane at its latest bar."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(lane.supply.base, tuple(lane.supply.others.values()))
        self._lane = lane

    def clock(self, timeframe: str) -> Candles:
        whole = self._lane.supply.clock(timeframe)
        return whole.part(max(len(whole) - 1, 0), len(whole))
