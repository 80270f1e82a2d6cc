"""What a stored series of candles or funding rates is, and how parts of one become the whole.  No database here.

What is stored and what is added must agree wherever they overlap, and be contiguous unless gaps were allowed.  A series
lies in chunks that are aligned in time: a bar belongs to one chunk whatever was stored before it.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import COLUMNS, TimeColumn
from engine.errors import InputError
from engine.time_check import instant_text, plural
from engine.timeframe import HOUR, anchor, duration, floor
from server.store.packing import Damaged, pack_columns, unpack_columns

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,59}")
FUNDING = "funding"  # stands where candles have their timeframe
BARS = 4096  # per chunk: 2,048 read a third slower, 8,192 make a chunk that only grows by a bar costlier to write
_SETTLEMENT = 8 * HOUR  # the usual distance of funding rates; only the size of their chunks depends on it
_ORIGINS = 5  # so many sources of a series are named, the others counted

Columns = dict[str, NDArray[Any]]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a stored series; `timeframe` is "funding" for funding rates.

    `first` and `last` are opening instants in ms UTC.  `identity` is that of the candles when they are loaded, empty
    for funding and while a fetch is under way.  `size` counts the bytes stored.
    """

    symbol: str
    timeframe: str
    rows: int = 0
    first: int = 0
    last: int = 0
    identity: str = ""
    origins: tuple[str, ...] = ()
    synthetic: bool = False
    gaps_allowed: bool = False
    added: int = 0  # rows the last import added
    size: int = 0
    updated_at: int = 0

    @property
    def origin(self) -> str:
        """Where the rows come from, in words for people."""
        text = " + ".join(self.origins[:_ORIGINS])
        return text if len(self.origins) <= _ORIGINS else f"{text} + {len(self.origins) - _ORIGINS} more"

    @property
    def missing(self) -> int:
        """Bars that lack between first and last; 0 for funding, whose distances are the exchange's to choose."""
        if self.timeframe == FUNDING:
            return 0
        return (self.last - self.first) // duration(self.timeframe) + 1 - self.rows


class Gap(msgspec.Struct, frozen=True):
    """A hole in a series: opening instants of the first and the last missing bar, and how many there are."""

    first: int
    last: int
    bars: int


class Chunk(NamedTuple):
    """A stretch of a series as it is stored."""

    number: int
    rows: int
    data: bytes


def check_name(symbol: str, timeframe: str) -> None:
    """Raises InputError for what cannot name a series."""
    if not SYMBOL.fullmatch(symbol):
        raise InputError(f"symbol {symbol!r} cannot be stored; use letters, digits, points and hyphens")
    if timeframe != FUNDING:
        duration(timeframe)


def column_names(timeframe: str) -> tuple[str, ...]:
    """The columns of a series, in the order they are stored in."""
    return ("time", "rate") if timeframe == FUNDING else COLUMNS


def chunk_of(instant: int, timeframe: str) -> int:
    """Number of the chunk in which a bar lies that opens then."""
    return instant // _chunk_ms(timeframe)


def full_rows(number: int, timeframe: str) -> int:
    """Bars of a chunk that has no holes."""
    length, start = duration(timeframe), anchor(timeframe)
    before, after = (number * _chunk_ms(timeframe), (number + 1) * _chunk_ms(timeframe))
    return -((start - after) // length) + (start - before) // length


def packed(columns: Columns, timeframe: str) -> list[Chunk]:
    """The chunks of ascending rows."""
    numbers = columns["time"] // _chunk_ms(timeframe)
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    return [
        Chunk(int(numbers[a]), b - a, pack_columns({name: column[a:b] for name, column in columns.items()}))
        for a, b in pairwise(edges)
    ]


def unpacked(chunks: Sequence[Chunk], names: Sequence[str]) -> Columns:
    """The rows of chunks in order.  Raises Damaged."""
    parts = [unpack_columns(chunk.data, names) for chunk in chunks]
    if any(len(column) != chunk.rows for chunk, part in zip(chunks, parts, strict=True) for column in part.values()):
        raise Damaged("a chunk has another number of rows than it says")
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return {name: np.empty(0, np.int64 if name == "time" else np.float64) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def merge(old: Stored | None, fresh: Stored, stored: Columns | None, columns: Columns) -> tuple[Stored, Columns]:
    """The facts of the whole series (without its identity), and the rows of all chunks that `columns` touch.

    `stored` are the rows that lie in these chunks now.  Raises InputError where the two cannot both be true.
    """
    time, added = columns["time"], len(columns["time"])
    first, last = int(time[0]), int(time[-1])
    if old is None:
        return msgspec.structs.replace(fresh, rows=added, first=first, last=last, added=added), columns
    _check_kind(old, fresh)
    gaps_allowed = old.gaps_allowed or fresh.gaps_allowed
    if stored is not None:
        _agree(old, fresh, stored, columns)
    if not gaps_allowed:
        _contiguous(old, fresh, first, last)
    if stored is not None:
        _, kept = np.unique(np.concatenate([stored["time"], time]), return_index=True)
        added = len(kept) - len(stored["time"])
        columns = {name: np.concatenate([stored[name], columns[name]])[kept] for name in columns}
    facts = msgspec.structs.replace(
        fresh, rows=old.rows + added, first=min(first, old.first), last=max(last, old.last), added=added,
        origins=tuple(dict.fromkeys((*old.origins, *fresh.origins))), gaps_allowed=gaps_allowed,
    )  # fmt: skip
    return facts, columns


def holes(time: TimeColumn, timeframe: str) -> list[Gap]:
    """The gaps between ascending opening instants."""
    length = duration(timeframe)
    steps = np.diff(time)
    return [
        Gap(int(time[i]) + length, int(time[i + 1]) - length, int(steps[i]) // length - 1)
        for i in np.flatnonzero(steps != length).tolist()
    ]


def holes_of(chunks: Iterable[Chunk], timeframe: str) -> list[Gap]:
    """The gaps of a series; the data of chunks without holes is not looked at."""
    length, span = duration(timeframe), _chunk_ms(timeframe)
    edges: list[TimeColumn] = []
    for chunk in chunks:
        if chunk.rows == full_rows(chunk.number, timeframe):
            first = floor(chunk.number * span - 1, timeframe) + length
            edges.append(first + length * np.arange(chunk.rows, dtype=np.int64))
        else:
            edges.append(unpacked([chunk], ["time"])["time"])
    return holes(np.concatenate(edges), timeframe) if edges else []


def _chunk_ms(timeframe: str) -> int:
    return BARS * (_SETTLEMENT if timeframe == FUNDING else duration(timeframe))


def _cure() -> str:
    return "remove what is stored or import under another symbol"


def _check_kind(old: Stored, fresh: Stored) -> None:
    if old.synthetic == fresh.synthetic:
        return
    kinds = ("real", "synthetic") if old.synthetic else ("synthetic", "real")
    what = f"{old.symbol} {old.timeframe}"
    raise InputError(f"{fresh.origin} is {kinds[0]}, but what is stored of {what} is {kinds[1]}; {_cure()}")


def _agree(old: Stored, fresh: Stored, stored: Columns, columns: Columns) -> None:
    """Raises InputError naming the first value that differs where both have the same time stamp."""
    _, here, there = np.intersect1d(stored["time"], columns["time"], assume_unique=True, return_indices=True)
    differ = np.zeros(len(here), np.bool_)
    for name in columns:
        differ |= stored[name][here] != columns[name][there]
    if not differ.any():
        return
    row = int(differ.argmax())
    name = next(n for n in columns if stored[n][here[row]] != columns[n][there[row]])
    raise InputError(
        f"{fresh.origin} at {instant_text(int(columns['time'][there[row]]))}: {name} is {columns[name][there[row]]}, "
        f"but {stored[name][here[row]]} is stored of {old.symbol} {old.timeframe} "
        f"({plural(int(differ.sum()), 'row')} of {len(here):,} differ); {_cure()}"
    )


def _contiguous(old: Stored, fresh: Stored, first: int, last: int) -> None:
    """Both are without holes, so that only their ends can lie apart.  Raises InputError."""
    length = duration(old.timeframe)
    before, after = (old.last, first) if first > old.last else (last, old.first)
    if after - before <= length:
        return
    raise InputError(
        f"{fresh.origin} leaves a gap of {plural((after - before) // length - 1, 'bar')} to the stored {old.symbol} "
        f"{old.timeframe} after {instant_text(before)}; import what is missing first or allow gaps"
    )
