"""Candle and funding files into the store."""

import asyncio
import contextlib
import tempfile
import zlib
from pathlib import Path

import msgspec

from engine.candles import Candles, FloatColumn, TimeColumn
from engine.errors import InputError
from server.adapters import candle_files, parquet_columns
from server.store.candles import CandleSeries
from server.store.series import Stored, check_name

_ENDINGS = (".csv.gz", ".csv", ".parquet", ".pq")
_MOST_TEXT, _MOST_ROWS = 256 << 20, 6_000_000  # of an upload; ten years of minutes are 5,260,000 rows
_SHOWN = 80  # characters of a file's name in messages and origins


class Funding(msgspec.Struct, frozen=True):
    """Funding rates of a file."""

    symbol: str
    time: TimeColumn
    rate: FloatColumn


async def import_file(
    series: CandleSeries,
    path: str | Path,
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    allow_gaps: bool = False,
) -> Stored:
    """Adds the candles, or the funding rates, of a file.

    Raises InputError for a bad file or one that contradicts what is stored.
    """
    found = await asyncio.to_thread(_read, Path(path), symbol, timeframe, allow_gaps)
    return await _add(series, found, Path(path).name, allow_gaps)


async def import_upload(
    series: CandleSeries, name: str, content: bytes, *, symbol: str, timeframe: str | None, allow_gaps: bool
) -> Stored:
    """Adds what was sent under a file name, of which only the ending is used and the rest shown.

    Raises InputError, also for a symbol or timeframe that cannot be.
    """
    check_name(symbol, timeframe or "1h")
    shown = "".join(sign if sign.isprintable() else "?" for sign in name.replace("\\", "/").rpartition("/")[2])
    shown = shown[-_SHOWN:] or "the file"
    ending = next((e for e in _ENDINGS if shown.lower().endswith(e)), ".csv")
    found = await asyncio.to_thread(_received, ending, shown, content, (symbol, timeframe, allow_gaps))
    return await _add(series, found, shown, allow_gaps)


async def _add(series: CandleSeries, found: Candles | Funding, origin: str, allow_gaps: bool) -> Stored:
    if isinstance(found, Funding):
        return await series.add_funding(found.symbol, found.time, found.rate, origin=origin)
    return await series.add(found, allow_gaps=allow_gaps)


def _received(ending: str, shown: str, content: bytes, rules: tuple[str, str | None, bool]) -> Candles | Funding:
    """Read from a file of our own naming; messages and origin tell the name it was sent under."""
    with tempfile.TemporaryDirectory(prefix="tradegraph-") as folder:
        path = Path(folder) / f"upload{ending}"
        path.write_bytes(content)
        try:
            _check_size(path, content)
            found = _read(path, *rules)
        except InputError as error:
            raise InputError(str(error).replace(str(path), shown)) from None
    if isinstance(found, Funding):
        return found
    return msgspec.structs.replace(found, origin=found.origin.replace(path.name, shown, 1))


def _check_size(path: Path, content: bytes) -> None:
    """Raises InputError for what unpacks to more than a sender may ask of a server."""
    if content.startswith(b"\x1f\x8b"):
        unpacker, rest, size = zlib.decompressobj(wbits=31), content, 0
        with contextlib.suppress(zlib.error):  # damage is told by the reader
            while rest and size <= _MOST_TEXT:
                size += len(unpacker.decompress(rest, 1 << 20))
                rest = unpacker.unconsumed_tail
        if size > _MOST_TEXT:
            raise InputError(f"{path} unpacks to more than {_MOST_TEXT >> 20} MB; split it into several files")
    elif content.startswith(parquet_columns.MAGIC) and (rows := parquet_columns.count(path)) > _MOST_ROWS:
        raise InputError(f"{path} has {rows:,} rows, more than {_MOST_ROWS:,}; split it into several files")


def _read(path: Path, symbol: str | None, timeframe: str | None, allow_gaps: bool) -> Candles | Funding:
    if candle_files.holds_funding(path):
        return Funding(symbol or candle_files.symbol_of(path), *candle_files.read_funding(path))
    name = symbol or candle_files.stored_name(path)
    return candle_files.read_candles(path, symbol=name, timeframe=timeframe, allow_gaps=allow_gaps)
