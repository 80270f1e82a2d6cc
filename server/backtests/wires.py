"""What every wire carried, as it is stored: on the rows of the run's timeframe, in chunks of bars.

Numbers are float64 to the last bit, flags and directions int8, everything else is words with the rows at which they
change.  Wires of other timeframes show their latest bar that is closed when the bar of the row closes.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.explain.decision import exit_words, size_words
from engine.plan import Plan
from engine.rows import row_value, value_words
from engine.trace import Trace
from engine.values import UNKNOWN, ExitPolicy, Labels, Signal, Size, Text, Zones
from server.store.packing import Damaged, pack, unpack

CHUNK = 2048  # rows
UNTOLD = "not yet known"
_LETTERS = {"number": "n", "flag": "f", "direction": "d"}
_OVERLAYS = frozenset({"number", "zones"})  # what can be drawn on a chart
Rows = NDArray[np.int64]
Runs = list[tuple[int, str]]


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A wire of a run: `chart` tells whether it can be drawn on candles."""

    wire: str
    node: str
    port: str
    kind: str
    timeframe: str
    chart: bool


def wires_of(plan: Plan) -> list[Wire]:
    """All wires that have a value per bar (candles are kept as candles)."""
    kinds = dict(_kinds(plan))
    out: list[Wire] = []
    for slot, name in enumerate(plan.names):
        kind = kinds.get(slot, "candles")
        if kind != "candles":
            node, _, port = name.rpartition(".")
            chart = kind in _OVERLAYS
            clock = plan.slot_clocks[slot]
            out.append(Wire(wire=name, node=node, port=port, kind=kind, timeframe=clock, chart=chart))
    return out


def _kinds(plan: Plan) -> Iterator[tuple[int, str]]:
    for step in (*(s for group in plan.columns for s in group), *plan.rows):
        yield from zip(step.slots, step.kinds, strict=True)


def chunks_of(trace: Trace, wire: Wire, digits: int) -> Iterator[tuple[int, bytes]]:
    """(number, packed values) of every chunk of a wire; nothing for a wire that never got a value."""
    slot = trace.plan.names.index(wire.wire)
    value, rows = trace.columns.values[slot], _rows(trace, slot)
    if value is None:
        return
    starts = range(0, len(rows), CHUNK)
    if wire.kind in _LETTERS:
        letter = _LETTERS[wire.kind].encode()
        column = _on_rows(value, rows)
        for number, start in enumerate(starts):
            yield number, letter + pack(column[start : start + CHUNK])
        return
    runs = text_runs(value, rows, digits)
    for number, start in enumerate(starts):
        yield number, b"t" + zlib.compress(msgspec.msgpack.encode(_cut(runs, start, start + CHUNK)), 1)


def _rows(trace: Trace, slot: int) -> Rows:
    """For each row of the run's timeframe the row of a wire's own, -1 where none is closed yet."""
    supply = trace.columns.supply
    clock = supply.clock(trace.plan.slot_clocks[slot])
    if clock is supply.base:
        return np.arange(len(clock))
    return np.searchsorted(clock.close_time, supply.base.close_time, side="right") - 1


def _on_rows(column: Any, rows: Rows) -> Any:
    if not len(column):
        return np.full(len(rows), np.nan if column.dtype.kind == "f" else UNKNOWN, column.dtype)
    out = column[np.maximum(rows, 0)]
    return np.where(rows < 0, np.array(np.nan if out.dtype.kind == "f" else UNKNOWN, out.dtype), out)


def text_runs(value: Any, rows: Rows, digits: int) -> Runs:
    """(row, words) wherever the words of a wire change."""
    starts = np.unique(np.concatenate(([0], changes(value)))).astype(np.int64)
    if isinstance(value, Size | ExitPolicy):
        return [(0, size_words(value) if isinstance(value, Size) else "; ".join(exit_words(value)) or "none")]
    if not len(value.direction if isinstance(value, Signal) else value):
        return [(0, UNTOLD)]
    words = [value_words(row_value(value, row), digits) for row in starts.tolist()]
    place = np.where(rows < 0, -1, np.searchsorted(starts, rows, side="right") - 1)
    at = np.concatenate(([0], np.flatnonzero(np.diff(place)) + 1)) if len(place) else np.empty(0, np.int64)
    out: Runs = []
    for row, number in zip(at.tolist(), place[at].tolist(), strict=True):
        told = words[number] if number >= 0 else UNTOLD
        if not out or out[-1][1] != told:
            out.append((row, told))
    return out


def changes(value: Any) -> Rows:
    """Rows of a value, on its own clock, at which its words may differ from those of the row before."""
    if isinstance(value, Labels):
        return _steps(value.codes)
    if isinstance(value, Zones):
        edges = np.concatenate((value.since, value.until))
        return edges[edges < value.rows]
    if isinstance(value, Signal):
        told = np.abs(value.direction.astype(np.int64)) == 1  # elsewhere levels are not told
        levels = [np.where(told, getattr(value, name), 0.0) for name in ("entry", "stop", "target", "confidence")]
        return np.concatenate([_steps(value.direction), *map(_steps, levels)])
    if isinstance(value, Text):
        return np.concatenate([np.empty(0, np.int64), *(changes(line.value) for line in value.lines)])
    if isinstance(value, np.ndarray):
        return _steps(value)
    return np.empty(0, np.int64)


def _steps(column: Any) -> Rows:
    if column.dtype.kind == "f":
        column = np.ascontiguousarray(column).view(np.int64)
    return np.flatnonzero(column[1:] != column[:-1]) + 1


def _cut(runs: Runs, start: int, stop: int) -> Runs:
    """The runs of some rows, counted from `start`."""
    ends = [row for row, _ in runs[1:]] + [stop]
    return [
        (max(row - start, 0), words) for (row, words), end in zip(runs, ends, strict=True) if row < stop and end > start
    ]


def chunk_length(rows: int, number: int) -> int:
    """Rows of a chunk."""
    return max(0, min(CHUNK, rows - number * CHUNK))


def unpack_chunk(data: bytes) -> tuple[str, Any]:
    """The letter of a chunk and its column, or its runs.  Raises Damaged."""
    letter = data[:1].decode()
    if letter in _LETTERS.values():
        return letter, unpack(data[1:])
    try:
        return letter, msgspec.msgpack.decode(zlib.decompress(data[1:]), type=Runs)
    except (zlib.error, msgspec.DecodeError):
        raise Damaged("a stored trace is damaged; run the back-test again") from None


def told(data: bytes) -> dict[str, Any]:
    """A chunk as the API tells it: unknown is null."""
    letter, value = unpack_chunk(data)
    if letter == "t":
        return {"k": "t", "runs": value}
    if letter == "n":
        return {"k": "n", "v": value.tolist()}  # JSON has no NaN: it is written as null
    return {"k": letter, "v": [None if v == UNKNOWN else v for v in value.tolist()]}
