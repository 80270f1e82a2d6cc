"""The vector pass: every column node once over the whole history.

Results are cached under (Merkle key, data identity): a sweep recomputes only what changed.  A node that fails gives
unknown columns, which flow and never become a trade; its policy says whether the run goes on.
"""

from collections import OrderedDict
from collections.abc import Mapping
from time import perf_counter_ns
from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles
from engine.errors import InputError, NodeError
from engine.issue import Issue
from engine.plan import SOURCE, Plan, Step, is_loop
from engine.resample import no_bars, resample
from engine.rows import rows_of, unknown
from engine.timeframe import duration
from engine.values import UNKNOWN, ExitPolicy, Labels, Signal, Size, Text, Zones


class Supply:
    """The candles one symbol's run can draw on: its own, and others by (symbol, timeframe)."""

    def __init__(self, candles: Candles, others: tuple[Candles, ...] = ()) -> None:
        self.base = candles
        self.others = {(c.symbol, c.timeframe): c for c in others}
        self.identity = "+".join([candles.identity, *(c.identity for c in others)])
        self._clocks: dict[str, Candles] = {candles.timeframe: candles}

    def candles(self, symbol: str, timeframe: str) -> Candles:
        """Candles of a symbol ("" = the run's) on a timeframe, on the run's clock of that timeframe."""
        if symbol in ("", self.base.symbol):
            return self._own(timeframe)
        clock = self.clock(timeframe)
        found = self.others.get((symbol, timeframe))
        if found is None:
            source = next((c for (name, _), c in self.others.items() if name == symbol), None)
            if source is None:
                raise InputError(f"the graph needs candles of {symbol}, which were not given; add them with --candles")
            found = resample(source, timeframe)
        return on_clock(found, clock)

    def clock(self, timeframe: str) -> Candles:
        """The run's own candles on a timeframe: given ones, else resampled; none where the base bars are longer."""
        given = self.others.get((self.base.symbol, timeframe))
        if given is None and duration(timeframe) < self.base.bar_ms:
            return no_bars(self.base, timeframe)
        return self._own(timeframe)

    def _own(self, timeframe: str) -> Candles:
        if timeframe not in self._clocks:
            given = self.others.get((self.base.symbol, timeframe))
            self._clocks[timeframe] = given if given is not None else resample(self.base, timeframe)
        return self._clocks[timeframe]


def on_clock(candles: Candles, clock: Candles) -> Candles:
    """Candles on the bars of another market; bars it lacks are NaN."""
    if len(candles) == len(clock) and np.array_equal(candles.time, clock.time):
        return candles
    at = np.clip(np.searchsorted(candles.time, clock.time), 0, max(len(candles) - 1, 0))
    there = candles.time[at] == clock.time if len(candles) else np.zeros(len(clock), bool)
    columns = {
        name: np.where(there, getattr(candles, name)[at], np.nan) for name in ("open", "high", "low", "close", "volume")
    }
    return msgspec.structs.replace(candles, time=clock.time, **columns)


class ColumnCache:
    """Outputs of nodes by key, the least recently used dropped beyond a size in bytes."""

    def __init__(self, most_bytes: int = 256 * 2**20) -> None:
        self._most, self._size = most_bytes, 0
        self._kept: OrderedDict[Any, tuple[int, Any]] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key: Any) -> Any:
        """The outputs, or None."""
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: Any, outputs: tuple[Any, ...]) -> None:
        """Keep outputs."""
        size = sum(_bytes(o) for o in outputs)
        self._kept[key] = (size, outputs)
        self._size += size
        while self._size > self._most and len(self._kept) > 1:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._size -= dropped


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes if value.strides[-1:] != (0,) else 8
    if isinstance(value, Signal | Labels | Zones):
        return sum(_bytes(getattr(value, name)) for name in value.__struct_fields__)
    return 64


class ColumnPass:
    """Values of every slot after the vector pass of one symbol, and what happened on the way.

    `values[slot]` are columns (or rules); `nanoseconds` by node id (0 = from the cache); `issues` are failures.
    """

    def __init__(self, plan: Plan, supply: Supply) -> None:
        self.plan, self.supply = plan, supply
        self.values: list[Any] = [None] * len(plan.names)
        self.nanoseconds: dict[str, int] = {}
        self.issues: list[Issue] = []
        self.dropped = False  # a failing node asked to leave this symbol out


def run_columns(plan: Plan, supplies: tuple[Supply, ...], cache: ColumnCache | None = None) -> tuple[ColumnPass, ...]:
    """The vector pass over all symbols of a run; nodes of watchlist scope see the values of all of them.

    Raises NodeError if a node fails whose policy is to pause.
    """
    passes = tuple(ColumnPass(plan, supply) for supply in supplies)
    for group in plan.columns:
        run_group(group, passes, cache)
    return passes


def run_group(group: tuple[Step, ...], passes: tuple[ColumnPass, ...], cache: ColumnCache | None = None) -> None:
    """Run one node, or one loop, for all symbols; what it reads must lie in the values of the passes."""
    step = group[0]
    if step.across:
        _run_across(step, passes)
    elif is_loop(group):
        for one in passes:
            _run_loop(group, one)
    else:
        for one in passes:
            _run_step(step, one, cache)


def _run_step(step: Step, one: ColumnPass, cache: ColumnCache | None) -> None:
    outputs = None if cache is None else cache.get((step.key, one.supply.identity))
    spent = 0
    if outputs is None:
        started = perf_counter_ns()
        try:
            outputs = _outputs(step, one)
        except InputError:
            raise
        except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of that node
            _fail(step, one, error)
            return
        spent = perf_counter_ns() - started
        if cache is not None:
            cache.put((step.key, one.supply.identity), outputs)
    one.nanoseconds[step.id] = spent
    first = step.slots[0]
    one.values[first : first + len(outputs)] = outputs  # the slots of a node follow one another


def _outputs(step: Step, one: ColumnPass) -> tuple[Any, ...]:
    """Call a node with its columns and return its outputs in port order, checked for kind and length."""
    node, values = step.node, one.values
    if step.tag == SOURCE:
        return node.ports_of(one.supply.candles(node.symbol, node.timeframe or one.supply.base.timeframe))
    arguments = {name: values[slot] for name, slot in step.args}
    for name, timeframe in step.times:
        arguments[name] = one.supply.clock(timeframe).close_time
    return called(step, arguments, step.state)[1]


def called(step: Step, arguments: dict[str, Any], state: Any) -> tuple[Any, tuple[Any, ...]]:
    """Call a node with its columns: the state after them (None but for a fold), and what it gave."""
    rows = _common_length(step, arguments)
    arguments.update(step.told)
    if not step.folds:
        return None, _checked(step, step.node.compute(**arguments), rows)
    if rows == 0:
        return state, tuple(unknown(kind, 0) for kind in step.kinds)  # a fold gets at least one row
    state, result = step.node.step(state, **arguments)
    return state, _checked(step, result, rows)


def _checked(step: Step, result: Any, rows: int) -> tuple[Any, ...]:
    outputs: tuple[Any, ...] = result if isinstance(result, tuple) else (result,)
    if len(outputs) != len(step.kinds):
        raise NodeError(step.id, f"it gave {len(outputs)} values for {len(step.kinds)} ports")
    for i, value in enumerate(outputs):
        _check(step, step.kinds[i], value, rows)
    return outputs


_ARRAYS = {"number": "d", "flag": "b", "direction": "b"}  # kind to the dtype character of its column
_TYPES = {
    "candles": Candles, "label": Labels, "zones": Zones, "text": Text, "signal": Signal, "size": Size,
    "exit_policy": ExitPolicy,
}  # fmt: skip
_SIZED = (Labels, Zones, Text)
_ARRAY = np.ndarray


def _common_length(step: Step, arguments: Mapping[str, Any]) -> int:
    """Length of the columns a node got, -1 if none says how long its outputs must be."""
    rows = -1
    for name in step.sized:
        found = len(arguments[name])
        if found != rows and rows >= 0:
            raise NodeError(step.id, f"columns of {rows} and {found} bars on one clock")
        rows = found
    return rows


def _check(step: Step, kind: str, value: Any, rows: int) -> None:
    """A node gives what its ports promise, in columns as long as those it got: another length would shift time."""
    dtype = _ARRAYS.get(kind)
    if dtype is None:
        if not isinstance(value, _TYPES[kind]):
            raise NodeError(step.id, f"a {kind} port got {_found(value)}")
        if isinstance(value, _SIZED) and len(value) != rows and rows >= 0:
            raise NodeError(step.id, f"columns of {rows} and {len(value)} bars on one clock")
    elif type(value) is not _ARRAY or value.dtype.char != dtype:
        raise NodeError(step.id, f"a {kind} port got {_found(value)}")
    elif len(value) != rows and rows >= 0:
        raise NodeError(step.id, f"columns of {rows} and {len(value)} bars on one clock")


def _found(value: Any) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _run_loop(group: tuple[Step, ...], one: ColumnPass) -> None:
    started = perf_counter_ns()
    try:
        _loop_bars(group, one)
    except Exception as error:  # a node is foreign code: whatever it raises becomes an issue of the loop
        for failed in group:
            _fail(failed, one, error)
        return
    spent = perf_counter_ns() - started
    for step in group:
        one.nanoseconds[step.id] = spent // len(group)


def _loop_bars(group: tuple[Step, ...], one: ColumnPass) -> None:
    """Run a loop bar by bar: delays see this row and the one before, the others one row at a time."""
    length = len(one.supply.clock(group[0].clock))
    states = {step.id: step.state for step in group}
    for step in group:
        for slot, kind in zip(step.slots, step.kinds, strict=True):
            one.values[slot] = unknown(kind, length)
    for bar in range(length):
        for step in group:
            first = bar - 1 if step.delays and bar else bar
            arguments = {name: rows_of(one.values[slot], first, bar + 1) for name, slot in step.args}
            if step.folds:
                states[step.id], result = step.node.step(states[step.id], **arguments)
            else:
                result = step.node.compute(**arguments)
            for slot, value in zip(step.slots, result if isinstance(result, tuple) else (result,), strict=True):
                one.values[slot][bar] = value[-1]


def _run_across(step: Step, passes: tuple[ColumnPass, ...]) -> None:
    """A watchlist node: number and flag inputs are (symbol, bar) tables on the union of all bars."""
    clocks = [one.supply.clock(step.clock).time for one in passes]
    union = np.unique(np.concatenate(clocks))
    places = [np.searchsorted(union, time) for time in clocks]
    arguments: dict[str, Any] = {}
    for name, slot in step.args:
        first = passes[0].values[slot]
        empty = np.nan if first.dtype.kind == "f" else UNKNOWN
        table = np.full((len(passes), len(union)), empty, first.dtype)
        for row, (one, at) in enumerate(zip(passes, places, strict=True)):
            table[row, at] = one.values[slot]
        arguments[name] = table
    symbols = tuple(one.supply.base.symbol for one in passes)
    arguments.update(told_across(step, union + duration(step.clock), symbols))
    try:
        result = step.node.compute(**arguments)
    except Exception as error:
        for one in passes:
            _fail(step, one, error)
        return
    for slot, table in zip(step.slots, result if isinstance(result, tuple) else (result,), strict=True):
        for row, (one, at) in enumerate(zip(passes, places, strict=True)):
            one.values[slot] = row_across(table, row, at)


def told_across(step: Step, closes: Any, symbols: tuple[str, ...]) -> dict[str, Any]:
    """What a watchlist node asks for besides its inputs: closing instants of the bars, symbols of the rows."""
    told: dict[str, Any] = {name: closes for name, _ in step.times}
    return told | ({step.symbols: symbols} if step.symbols is not None else {})


def row_across(table: Any, row: int, at: Any) -> Any:
    """The column of one symbol at some bars, from what a watchlist node gave."""
    return Labels(table.codes[row, at], table.names) if isinstance(table, Labels) else table[row, at]


def _fail(step: Step, one: ColumnPass, error: Exception) -> None:
    """Record a failure and put unknown columns in its place."""
    one.issues.append(failure(step, one.supply.base.symbol, error))
    one.dropped = one.dropped or step.on_error == "skip"
    length = len(one.supply.clock(step.clock))
    for slot, kind in zip(step.slots, step.kinds, strict=True):
        one.values[slot] = unknown(kind, length)


def failure(step: Step, symbol: str, error: Exception) -> Issue:
    """The issue of a node that failed.  Raises NodeError if its policy is to pause."""
    what = f"{type(error).__name__}: {error}"
    if step.on_error == "pause":
        raise NodeError(step.id, f"failed ({what}); its policy is to pause, so the run stops") from error
    message = f"node {step.id!r} failed on {symbol} ({what}); its values are unknown"
    return Issue(code="node_failed", severity="error", phase="runtime", message=message, node=step.id, received=what)
