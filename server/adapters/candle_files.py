"""Candles and funding rates in CSV, CSV.gz and Parquet files.

Both have a header line `timestamp,…`; time stamps are ms since 1970 UTC (candles: the instant a bar opens).  Columns
may stand in any order, others beside them are not read.
"""

import gzip
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.candle_check import check_columns, check_funding
from engine.candles import COLUMNS, Candles, FloatColumn, TimeColumn, make_candles
from engine.errors import InputError
from engine.time_check import plural
from server.adapters import column_cache, csv_columns, parquet_columns
from server.adapters.folders import replacing

CANDLE_HEADER = ("timestamp", *COLUMNS[1:])
FUNDING_HEADER = ("timestamp", "funding_rate")
SYNTHETIC = "SYNTH"  # symbols of invented markets begin like this, so that a file of theirs is known again
_QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "USD", "EUR", "GBP", "JPY", "CHF", "TRY", "BTC", "ETH", "PERP")
_NO_SYMBOL = re.compile(
    "BYBIT|BINANCE|BINANCEUM|BINANCECM|NASDAQ|NYSE|AMEX|XETRA|OKX|KRAKEN|COINBASE|"
    "BITGET|KUCOIN|HUOBI|GATEIO|MEXC|BITMEX|BITSTAMP|BITFINEX|DERIBIT|FOREX|STOCKS|"
    "MARK|INDEX|FUNDING|CANDLES|KLINES|OHLCV|DATA|SPOT|SWAP|LINEAR|INVERSE|FUTURES"
)


def read_candles(
    path: str | Path, *, symbol: str | None = None, timeframe: str | None = None, allow_gaps: bool = False
) -> Candles:
    """The candles of a file, every defect refused.

    `symbol` is taken from the file name and `timeframe` from the time stamps unless given.  Gaps, if allowed, are
    counted in `origin`.  Raises InputError.
    """
    path = Path(path)
    table, first_row = _read(path, CANDLE_HEADER)
    columns: dict[str, NDArray[Any]] = dict(zip(COLUMNS, table, strict=True))
    checked = check_columns(columns, str(path), timeframe=timeframe, allow_gaps=allow_gaps, first_row=first_row)
    symbol = symbol or symbol_of(path)
    origin = _printable(path.name)
    if checked.gaps:
        origin += f" ({plural(checked.gaps, 'gap')}, {plural(checked.missing, 'missing bar')})"
    synthetic = symbol.startswith(SYNTHETIC)
    return make_candles(symbol, checked.timeframe, origin=origin, synthetic=synthetic, **columns)


def read_funding(path: str | Path) -> tuple[TimeColumn, FloatColumn]:
    """Settlement instants (ms UTC) and rates (fractions; positive = longs pay shorts).  Raises InputError."""
    path = Path(path)
    (time, rate), first_row = _read(path, FUNDING_HEADER)
    check_funding(time, rate, str(path), first_row=first_row)
    return time, rate


def holds_funding(path: str | Path) -> bool:
    """Whether a file holds funding rates, by its header; False for whatever cannot be read as such."""
    path = Path(path)
    try:
        if _is_parquet(path):
            parquet_columns.read(path, FUNDING_HEADER)
        else:
            csv_columns.read_header(path, FUNDING_HEADER)
    except (InputError, OSError):
        return False  # whatever else it is, its own reader says what is wrong
    return True


def write_candles(path: str | Path, candles: Candles) -> None:
    """Writes CSV, CSV.gz or Parquet, as the name ends; reading gives back the same values to the last bit."""
    columns = {"timestamp": candles.time} | {name: getattr(candles, name) for name in COLUMNS[1:]}
    _write(Path(path), columns)


def write_funding(path: str | Path, time: TimeColumn, rate: FloatColumn) -> None:
    """Writes funding rates as `write_candles` does candles."""
    _write(Path(path), {"timestamp": time, "funding_rate": rate})


def symbol_of(path: str | Path) -> str:
    """The market a file name speaks of: BYBIT_BTCUSDT_1h.csv.gz is BTCUSDT; the bare name if none is recognised."""
    stem = re.sub(r"(\.(csv|gz|parquet|pq))+$", "", _printable(Path(path).name), flags=re.IGNORECASE)
    tokens = [token for token in re.split(r"[^A-Za-z0-9]+", stem) if token]
    words = [token for token in tokens if token.isupper() and len(token) > 1 and not _NO_SYMBOL.fullmatch(token)]
    pairs = [a + b for a, b in pairwise(tokens) if b in _QUOTES and a in words]
    quoted = [word for word in words if word.endswith(_QUOTES) and word not in _QUOTES]
    return max(quoted or pairs or words or [stem], key=len)


def stored_name(path: str | Path) -> str:
    """The symbol to store a file under: mark and index prices are kept apart from the candles of their market."""
    other = re.search(r"(?<![A-Za-z0-9])(MARK|INDEX)(?![A-Za-z0-9])", Path(path).name)
    return symbol_of(path) + (f".{other[1]}" if other else "")


def _printable(name: str) -> str:
    """The name with what is no text (bytes of another encoding, control characters) escaped: it goes into documents."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def _read(path: Path, names: tuple[str, ...]) -> tuple[list[NDArray[Any]], int]:
    """The named columns and the row number of the first."""
    try:
        return _read_columns(path, names)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name a file in it") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}); check the file") from None


def _read_columns(path: Path, names: tuple[str, ...]) -> tuple[list[NDArray[Any]], int]:
    packed = _is_parquet(path)
    first_row = 1 if packed else 2
    header = None if packed else csv_columns.read_header(path, names)
    place = column_cache.entry(path, names)
    kept = column_cache.get(place) if place else None
    if kept is not None:
        return list(kept.values()), first_row
    if header is None:
        columns, _ = parquet_columns.read(path, names)
    else:
        columns = list(csv_columns.read_rows(path, header))
    columns[0] = _instants(path, columns[0], first_row)
    columns = [np.ascontiguousarray(column) for column in columns]
    if place:
        column_cache.put(place, dict(zip(names, columns, strict=True)))
    return columns, first_row


def _is_parquet(path: Path) -> bool:
    """Decided by the first bytes; a name that says otherwise is an error, as is a known foreign format."""
    if not path.is_file() and path.exists() and not path.is_dir():  # before opening: a pipe would wait for its writer
        raise InputError(f"{path} is not a regular file; give a CSV, CSV.gz or Parquet file")
    with path.open("rb") as file:
        opening = file.read(4)
    if opening.startswith(b"PK"):
        raise InputError(f"{path} is a zip archive; unpack it first")
    if opening == parquet_columns.MAGIC:
        return True
    if path.suffix in {".parquet", ".pq"}:
        text = "is empty" if not opening else "is not Parquet although its name says so"
        raise InputError(f"{path} {text}; export it again")
    return False


def _instants(path: Path, column: NDArray[Any], first_row: int) -> TimeColumn:
    if column.dtype == np.int64:
        return column
    whole = (np.abs(column) < 2**63) & (column == np.floor(column))
    if whole.all():
        return column.astype(np.int64)
    row = int(whole.argmin())
    raise InputError(
        f'{path} row {row + first_row}, column "timestamp": {column[row]} is no whole number; '
        "write milliseconds since 1970 UTC"
    )


def _write(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    try:
        with replacing(path) as part:
            if path.suffix in {".parquet", ".pq"}:
                parquet_columns.write(part, columns, {})
            elif path.suffix in {".gz", ".csv"}:
                _write_text(part, _csv(columns), packed=path.suffix == ".gz")
            else:
                raise InputError(f"{path}: the name must end in .csv, .csv.gz or .parquet; choose one of them")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}); choose another place") from None


def _write_text(part: Path, text: bytes, *, packed: bool) -> None:
    part.write_bytes(gzip.compress(text, 6, mtime=0) if packed else text)


def _csv(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Shortest digits that read back to the same number; the ".0" of whole ones is left out."""
    texts = [map(repr, column.tolist()) for column in columns.values()]
    rows = "\n".join(map(",".join, zip(*texts, strict=True)))
    text = f"{','.join(columns)}\n{rows}\n"
    return text.replace(".0,", ",").replace(".0\n", "\n").encode()
