"""The folder of stored candles and funding rates of the command line: one column file per series.

A series grows by merging: what is stored and what is added must agree wherever they overlap, and be contiguous unless
gaps were allowed.  Files are replaced as a whole, so a reader or a crash never meets half of one.
"""

import contextlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.candle_check import check_columns, check_funding
from engine.candles import COLUMNS, Candles, FloatColumn, TimeColumn, make_candles
from engine.errors import InputError
from engine.time_check import instant_text, plural
from engine.timeframe import duration
from server.adapters import candle_files, column_file
from server.adapters.column_file import Columns, DamagedError
from server.adapters.folders import home

SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
_FUNDING = "funding"  # stands where candles have their timeframe
_ORIGINS = 5  # so many sources of a series are named, the others counted


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a stored series; `timeframe` is "funding" for funding rates, `damaged` if the file cannot be read."""

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
    damaged: bool = False

    @property
    def origin(self) -> str:
        """Where the rows come from, in words for people."""
        text = " + ".join(self.origins[:_ORIGINS])
        return text if len(self.origins) <= _ORIGINS else f"{text} + {len(self.origins) - _ORIGINS} more"


class CandleStore:
    """Series in `folder` (by default `candles` in Tradegraph's data folder)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or home() / "candles"

    def import_file(
        self,
        path: str | Path,
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
        allow_gaps: bool = False,
    ) -> Stored:
        """Adds the candles, or the funding rates, of a file.

        Raises InputError for a bad file or one that contradicts what is stored.
        """
        if candle_files.holds_funding(path):
            time, rate = candle_files.read_funding(path)
            return self.add_funding(symbol or candle_files.symbol_of(path), time, rate, origin=Path(path).name)
        name = symbol or candle_files.stored_name(path)
        candles = candle_files.read_candles(path, symbol=name, timeframe=timeframe, allow_gaps=allow_gaps)
        return self.add(candles, allow_gaps=allow_gaps)

    def add(self, candles: Candles, *, allow_gaps: bool = False) -> Stored:
        """Merges candles into what is stored of their symbol and timeframe.  Raises InputError."""
        place = self._place(candles.symbol, candles.timeframe)
        columns: Columns = {name: getattr(candles, name) for name in COLUMNS}
        source = f"{candles.origin}, {candles.symbol} {candles.timeframe},"
        check_columns(columns, source, timeframe=candles.timeframe, allow_gaps=allow_gaps, first_row=1)
        fresh = Stored(
            symbol=candles.symbol,
            timeframe=candles.timeframe,
            origins=(candles.origin,),
            synthetic=candles.synthetic,
            gaps_allowed=allow_gaps,
        )
        return self._merge(place, fresh, columns)

    def add_funding(self, symbol: str, time: TimeColumn, rate: FloatColumn, *, origin: str) -> Stored:
        """Merges funding rates into what is stored of the symbol.  Raises InputError."""
        check_funding(time, rate, origin)
        fresh = Stored(symbol=symbol, timeframe=_FUNDING, origins=(origin,), gaps_allowed=True)
        return self._merge(self._place(symbol, _FUNDING), fresh, {"time": time, "rate": rate})

    def load(self, symbol: str, timeframe: str) -> Candles:
        """The stored candles.  Raises InputError if there are none or the file is damaged."""
        facts, columns = self._read(self._place(symbol, timeframe), f"candles of {symbol} {timeframe}")
        return make_candles(symbol, timeframe, origin=facts.origin, synthetic=facts.synthetic, **columns)

    def load_funding(self, symbol: str) -> tuple[TimeColumn, FloatColumn]:
        """Stored settlement instants and rates.  Raises InputError if there are none or the file is damaged."""
        _, columns = self._read(self._place(symbol, _FUNDING), f"funding rates of {symbol}")
        return columns["time"], columns["rate"]

    def find(self, symbol: str, timeframe: str) -> Stored | None:
        """Facts of one stored series without reading its columns, None if there is none."""
        place = self._place(symbol, timeframe)
        return _facts(place) if place.exists() else None

    def list_stored(self) -> list[Stored]:
        """Facts of all stored series, by name."""
        if not self.folder.is_dir():
            return []
        places = sorted(self.folder.glob(f"*{column_file.SUFFIX}"))
        return [_facts(place) for place in places if not place.name.startswith(".")]

    def remove(self, symbol: str, timeframe: str) -> None:
        """Forgets a series.  Raises InputError if there is none."""
        try:
            self._place(symbol, timeframe).unlink()
        except FileNotFoundError:
            raise InputError(f"nothing is stored of {symbol} {timeframe}; see what is listed") from None

    def _place(self, symbol: str, timeframe: str) -> Path:
        if not SYMBOL.fullmatch(symbol):
            raise InputError(f"symbol {symbol!r} cannot be stored; use letters, digits, points and hyphens")
        if timeframe != _FUNDING:
            duration(timeframe)
        return self.folder / f"{symbol}_{timeframe}{column_file.SUFFIX}"

    def _read(self, place: Path, what: str) -> tuple[Stored, Columns]:
        try:
            meta, columns = column_file.read(place)
            return msgspec.convert(meta, Stored), columns
        except FileNotFoundError:
            raise InputError(f"no {what} are stored; import a file or fetch them") from None
        except (DamagedError, msgspec.ValidationError):
            raise InputError(f"the stored {what} are damaged; remove {place} and import them again") from None
        except OSError as error:
            raise InputError(f"{place} cannot be read ({error.strerror}); check the file") from None

    def _merge(self, place: Path, fresh: Stored, columns: Columns) -> Stored:
        with self._locked():
            added = len(columns["time"])
            if place.exists():
                old, stored = self._read(place, f"{fresh.symbol} {fresh.timeframe} series")
                _agree(old, fresh, stored, columns)
                fresh, columns = _joined(old, fresh, stored, columns)
                added -= old.rows + added - len(columns["time"])
            result = _described(fresh, columns, added)
            column_file.write(place, msgspec.to_builtins(result), columns, durable=True)
            return result

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Keeps other processes from merging at the same time (where the system has file locks)."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("w") as file:
                with contextlib.suppress(ImportError):
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(
                f"{self.folder} cannot be written ({reason}); set TRADEGRAPH_HOME to another place"
            ) from None


def _facts(place: Path) -> Stored:
    try:
        stored = msgspec.convert(column_file.read_head(place).meta, Stored)
        return msgspec.structs.replace(stored, added=0)
    except (DamagedError, msgspec.ValidationError, OSError):
        symbol, _, timeframe = place.stem.rpartition("_")
        return Stored(symbol=symbol, timeframe=timeframe, damaged=True)


def _agree(old: Stored, fresh: Stored, stored: Columns, columns: Columns) -> None:
    """Raises InputError naming the first value that differs where both have the same time stamp."""
    what, source = f"{old.symbol} {old.timeframe}", fresh.origin
    cure = "remove what is stored or import under another symbol"
    if old.synthetic != fresh.synthetic:
        kinds = ("real", "synthetic") if old.synthetic else ("synthetic", "real")
        raise InputError(f"{source} is {kinds[0]}, but what is stored of {what} is {kinds[1]}; {cure}")
    _, here, there = np.intersect1d(stored["time"], columns["time"], assume_unique=True, return_indices=True)
    differ = np.zeros(len(here), np.bool_)
    for name in columns:
        differ |= stored[name][here] != columns[name][there]
    if not differ.any():
        return
    row = int(differ.argmax())
    name = next(n for n in columns if stored[n][here[row]] != columns[n][there[row]])
    raise InputError(
        f"{source} at {instant_text(int(columns['time'][there[row]]))}: {name} is {columns[name][there[row]]}, "
        f"but {stored[name][here[row]]} is stored of {what} "
        f"({plural(int(differ.sum()), 'row')} of {len(here):,} differ); {cure}"
    )


def _joined(old: Stored, fresh: Stored, stored: Columns, columns: Columns) -> tuple[Stored, Columns]:
    time, kept = np.unique(np.concatenate([stored["time"], columns["time"]]), return_index=True)
    gaps_allowed = old.gaps_allowed or fresh.gaps_allowed
    if not gaps_allowed:
        _contiguous(old, fresh, time)
    merged: Columns = {name: np.concatenate([stored[name], columns[name]])[kept] for name in columns}
    origins = tuple(dict.fromkeys((*old.origins, *fresh.origins)))
    return msgspec.structs.replace(fresh, origins=origins, gaps_allowed=gaps_allowed), merged


def _contiguous(old: Stored, fresh: Stored, time: TimeColumn) -> None:
    length = duration(old.timeframe)
    holes = np.flatnonzero(np.diff(time) != length)
    if not len(holes):
        return
    before, after = int(time[holes[0]]), int(time[holes[0] + 1])
    raise InputError(
        f"{fresh.origin} leaves a gap of {plural((after - before) // length - 1, 'bar')} to the stored {old.symbol} "
        f"{old.timeframe} after {instant_text(before)}; import what is missing first or allow gaps"
    )


def _described(facts: Stored, columns: Columns, added: int) -> Stored:
    time: Any = columns["time"]
    identity = ""
    if facts.timeframe != _FUNDING:
        values: dict[str, Any] = dict(columns)
        identity = make_candles(facts.symbol, facts.timeframe, **values).identity
    return msgspec.structs.replace(
        facts, rows=len(time), first=int(time[0]), last=int(time[-1]), identity=identity, added=added
    )
