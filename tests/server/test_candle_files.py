"""Candle files: exact round trips, and one sentence with the row for everything that can be wrong."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR
from server.adapters import column_cache
from server.adapters.candle_files import (
    read_candles,
    read_funding,
    symbol_of,
    write_candles,
    write_funding,
)

HEADER = "timestamp,open,high,low,close,volume"
ROWS = [f"{1704067200000 + i * HOUR},100.5,101,99.25,100,{5 + i}" for i in range(6)]
DATA = Path(__file__).parents[3] / "shared/data"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def changed(row: int, line: str) -> bytes:
    """A good file but for this line (row 1 is the header)."""
    lines = [HEADER, *ROWS]
    lines[row - 1] = line
    return "\n".join([*lines, ""]).encode()


GZIPPED = gzip.compress(text(*ROWS, *("x" * 50 for _ in range(400))))
T = 1704070800000  # the time stamp of row 3
BAD: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", f" is empty; it should hold {HEADER} and a row per bar"),
    "header alone": ("a.csv", text(), " has a header but no rows; add a row per bar"),
    "header and blank lines": ("a.csv", text("", "", ""), " has a header but no rows; add a row per bar"),
    "no header": (
        "a.csv",
        "\n".join(ROWS).encode(),
        f' row 1: found numbers ("1704067200000,100.5,101,99.25,100,5") instead of a header; add the line {HEADER}',
    ),
    "header lacks columns": (
        "a.csv",
        text(*ROWS, header="timestamp,open,high,low,Close,vol"),
        f' row 1: the header "timestamp,open,high,low,Close,vol" lacks close, volume; it must name {HEADER}',
    ),
    "column twice": ("a.csv", text(*ROWS, header=HEADER + ",open"), ' row 1: the header names "open" twice; keep one'),
    "semicolons": (
        "a.csv",
        text(*ROWS).replace(b",", b";"),
        f' row 1: columns are not separated by commas ("timestamp;open;high;low;close;volume"); export it as {HEADER}',
    ),
    "text in a price": (
        "a.csv",
        changed(3, f"{T},100,abc,99,100,5"),
        " row 3, column \"high\": 'abc' is not a number; write a number with a decimal point",
    ),
    "decimal comma": (
        "a.csv",
        changed(3, f"{T},100,101,99,100,5,5"),
        " row 3 has 7 fields where the header has 6; remove what is too much",
    ),
    "date": (
        "a.csv",
        changed(3, "2024-01-01 01:00,100,101,99,100,5"),
        " row 3, column \"timestamp\": '2024-01-01 01:00' is no time stamp; write milliseconds since 1970 UTC",
    ),
    "fraction of a millisecond": (
        "a.csv",
        changed(3, f"{T}.5,100,101,99,100,5"),
        f' row 3, column "timestamp": {T}.5 is no whole number; write milliseconds since 1970 UTC',
    ),
    "missing field": (
        "a.csv",
        changed(3, f"{T},100,101,99,100"),
        " row 3 has 5 fields where the header has 6; complete",
    ),
    "empty field": ("a.csv", changed(3, f"{T},100,101,,100,5"), ' row 3, column "low" is empty; write a number'),
    "empty line": ("a.csv", changed(4, ""), " row 4 is empty; remove the line"),
    "empty first line": ("a.csv", changed(2, ""), " row 2 is empty; remove the line"),
    "cut last line": ("a.csv", text(*ROWS)[:-20], " row 7 has 2 fields where the header has 6; complete or remove"),
    "junk in the last line": (
        "a.csv",
        text(*ROWS, "\x01\xffjunk"),
        " row 8 has 1 field where the header has 6; complete",
    ),
    "junk bytes": ("a.csv", bytes(range(255, 0, -1)) * 40, " row 1"),
    "binary": ("a.csv", bytes(range(256)) * 40, " is binary, not text; give a CSV, CSV.gz or Parquet file"),
    "latin1": ("a.csv", b"zeit\xe4,open\n1,2\n", " row 1 is not text; give a CSV, CSV.gz or Parquet file"),
    "one long line": (
        "a.csv",
        b"a" * 5000,
        " row 1: no line end in the first 4,096 bytes; give a CSV file with a header",
    ),
    "old Mac line ends": (
        "a.csv",
        text(*ROWS).replace(b"\n", b"\r"),
        " row 1: lines end in carriage returns alone; save it with plain line ends",
    ),
    "a carriage return in a line": (
        "a.csv",
        text(*ROWS[:3]) + f"{T},1,1,1,1,1\r{T},1,1,1,1,1\n".encode(),
        " row 5 has 11 fields where the header has 6; remove what is too much",
    ),
    "unsorted": (
        "a.csv",
        text(*ROWS[3:], *ROWS[:3]),
        " row 5 (2024-01-01 00:00 UTC): time stamp comes after 2024-01-01 05:00 UTC; sort the rows, oldest first",
    ),
    "not gzip": ("a.csv.gz", text(*ROWS), " is not gzip although its name ends in .gz; rename it or pack it again"),
    "gzip cut short": (
        "a.csv.gz",
        GZIPPED[:-30],
        " is cut short (gzip data ends too early); copy or download it again",
    ),
    "gzip head only": ("a.csv.gz", GZIPPED[:12], " is cut short (gzip data ends too early); copy or download it again"),
    "gzip damaged": (
        "a.csv.gz",
        GZIPPED[:60] + b"\0\0\0" + GZIPPED[63:],
        " is damaged (broken gzip data); copy or download it again",
    ),
    "empty gzip": ("a.csv.gz", gzip.compress(b""), f" is empty; it should hold {HEADER} and a row per bar"),
    "zip": ("a.csv", b"PK\x03\x04" + bytes(100), " is a zip archive; unpack it first"),
    "not Parquet": ("a.parquet", text(*ROWS), " is not Parquet although its name says so; export it again"),
    "empty Parquet": ("a.parquet", b"", " is empty; export it again"),
    "junk Parquet": ("a.parquet", b"PAR1" + bytes(range(256)) * 9, " is not a readable Parquet file ("),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_told_in_one_sentence(case: str, tmp_path: Path) -> None:
    name, content, message = BAD[case]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_candles(path)

    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_a_traceback(
    data: st.DataObject, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{ending}"
    write_candles(path, synthetic_candles(1, 30))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        stop = data.draw(st.integers(start, min(start + 20, len(content))))
        content[start:stop] = data.draw(
            st.one_of(st.binary(max_size=12), st.sampled_from([b"\n", b"\r", b",", b"1e9"]))
        )
    path.write_bytes(content)

    try:
        candles = read_candles(path, allow_gaps=True)
    except InputError as error:
        assert "\n" not in str(error) and str(error).startswith(str(path))
    else:
        assert np.isfinite(candles.close).all() and (np.diff(candles.time) > 0).all()


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv does not exist; check the path$"):
        read_candles(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"is a folder; name a file in it$"):
        read_candles(tmp_path)


@pytest.mark.parametrize("row", [2, 3, 4097, 70_000, 200_001])
def test_bad_row_is_found_wherever_it_stands(row: int, tmp_path: Path) -> None:
    lines = [f"{1704067200000 + i * HOUR},100.5,101,99.25,100,5" for i in range(200_000)]
    lines[row - 2] = lines[row - 2].replace("99.25", "n/a")
    path = tmp_path / "a.csv"
    path.write_bytes(text(*lines))

    with pytest.raises(InputError, match=f"row {row}, column \"low\": 'n/a' is not a number"):
        read_candles(path)


@pytest.mark.parametrize("opening", [b"", (HEADER + "\n").encode()], ids=["at once", "after a good header"])
def test_huge_junk_is_answered(opening: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.csv"
    path.write_bytes(opening + np.random.default_rng(1).bytes(50 << 20))

    with pytest.raises(InputError):
        read_candles(path)


def test_order_of_columns_others_bom_and_crlf(tmp_path: Path) -> None:
    """Columns may stand in any order with others between; a byte order mark and CRLF are plain CSV too."""
    plain, mixed = tmp_path / "a.csv", tmp_path / "b.csv"
    plain.write_bytes(text(*ROWS))
    lines = ["note,volume,close,low,high,open,timestamp"]
    lines += ["some text," + ",".join(reversed(row.split(","))) for row in ROWS]
    mixed.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, "", ""]).encode())

    assert read_candles(plain, symbol="X").identity == read_candles(mixed, symbol="X").identity


def test_ignored_columns_do_not_hide_a_broken_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text(*[row + ",x" for row in ROWS[:4]], ROWS[4] + ",x,y", header=HEADER + ",note"))

    with pytest.raises(InputError, match="row 6 has 8 fields where the header has 7; remove what is too much"):
        read_candles(path)


def test_gaps_are_refused_or_counted_in_the_origin(tmp_path: Path) -> None:
    path = tmp_path / "AAPL_1h.csv"
    path.write_bytes(text(*ROWS[:2], *ROWS[3:]))

    with pytest.raises(InputError, match=r"row 4 \(2024-01-01 03:00 UTC\): 1 bar of 1h missing after"):
        read_candles(path)
    candles = read_candles(path, allow_gaps=True)
    assert (candles.symbol, candles.origin) == ("AAPL", "AAPL_1h.csv (1 gap, 1 missing bar)")


NAMES = {
    "BYBIT_BTCUSDT_1h.csv.gz": "BTCUSDT",
    "BINANCEUM_ETHUSDT_1m.csv": "ETHUSDT",
    "BYBIT_BTCUSDT_4h-MARK.csv.gz": "BTCUSDT",
    "NASDAQ_GOOGL_1d.csv": "GOOGL",
    "FX_EURUSD_1h.parquet": "EURUSD",
    "BTC-USDT-15m.csv": "BTCUSDT",
    "1000PEPEUSDT.csv": "1000PEPEUSDT",
    "my candles.csv": "my candles",
    "prices.csv.gz": "prices",
}


@pytest.mark.parametrize("name", NAMES)
def test_symbol_from_file_name(name: str) -> None:
    assert symbol_of(name) == NAMES[name]


PRICES = st.floats(min_value=1e-9, max_value=1e12, allow_nan=False, width=64)
VOLUMES = st.one_of(st.just(0.0), st.floats(min_value=0, max_value=1e15, allow_nan=False))


@st.composite
def any_candles(draw: Any) -> Candles:
    count = draw(st.integers(2, 12))
    columns: dict[str, Any] = {name: [] for name in COLUMNS[1:]}
    for _ in range(count):
        low, high = sorted((draw(PRICES), draw(PRICES)))
        columns["low"].append(low)
        columns["high"].append(high)
        columns["open"].append(draw(st.sampled_from([low, high])))
        columns["close"].append(draw(st.sampled_from([low, high])))
        columns["volume"].append(draw(VOLUMES))
    start = draw(st.integers(1200, 500_000)) * HOUR
    return make_candles("X", "1h", time=start + HOUR * np.arange(count), **columns)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(candles=any_candles())
def test_round_trip_is_exact(candles: Candles, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    write_candles(path, candles)

    assert read_candles(path, symbol="X").identity == candles.identity


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_funding_round_trip(ending: str, tmp_path: Path) -> None:
    instants, rates = synthetic_funding(synthetic_candles(1, 500), 1)
    path = tmp_path / f"f.{ending}"
    write_funding(path, instants, rates)

    again = read_funding(path)
    assert np.array_equal(again[0], instants) and np.array_equal(again[1], rates)


def test_synthetic_market_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "SYNTHUSDT_1h.csv"
    write_candles(path, synthetic_candles(1, 10))

    assert read_candles(path).synthetic


def test_unknown_ending_and_unwritable_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the name must end in .csv, .csv.gz or .parquet"):
        write_candles(tmp_path / "x.txt", synthetic_candles(1, 10))
    with pytest.raises(InputError, match="cannot be written"):
        write_candles(tmp_path / "no folder" / "x.csv", synthetic_candles(1, 10))
    assert list(tmp_path.iterdir()) == []


def parquet(path: Path, **change: Any) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as pq

    columns = {
        "timestamp": pa.array([1704067200000 + i * HOUR for i in range(4)]),
        **{name: pa.array([100.0] * 4) for name in COLUMNS[1:]},
    } | {name: make(pa) for name, make in change.items()}
    pq.write_table(pa.table({name: column for name, column in columns.items() if column is not None}), path)
    return path


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_parquet_time_stamps_with_a_unit(unit: str, zone: str | None, tmp_path: Path) -> None:
    """A time stamp type carries its unit, so nothing is guessed."""

    def stamps(pa: Any) -> Any:
        plain = pa.array([1704067200000 + i * HOUR for i in range(4)]).cast(pa.timestamp("ms", tz=zone))
        return plain.cast(pa.timestamp(unit, tz=zone))

    candles = read_candles(parquet(tmp_path / "a.parquet", timestamp=stamps))

    assert candles.time.tolist() == [1704067200000 + i * HOUR for i in range(4)]


PARQUET_BAD: dict[str, tuple[dict[str, Callable[[Any], Any]], str]] = {
    "missing column": ({"close": lambda pa: None}, f" lacks the column close; it must have {HEADER}"),
    "null": (
        {"low": lambda pa: pa.array([1.0, None, 1.0, 1.0])},
        ' row 2, column "low" is empty; write a number',
    ),
    "text": ({"open": lambda pa: pa.array(["1"] * 4)}, ': column "open" holds string, not numbers; export it again'),
    "date as a price": (
        {"open": lambda pa: pa.array([1] * 4).cast(pa.timestamp("ms"))},
        ': column "open" holds timestamp[ms], not numbers; export it again',
    ),
    "between milliseconds": (
        {"timestamp": lambda pa: pa.array([1704067200000000001 + i for i in range(4)]).cast(pa.timestamp("ns"))},
        " is not a readable Parquet file (Casting from timestamp[ns] to timestamp[ms] would lose data",
    ),
    "seconds": (
        {"timestamp": lambda pa: pa.array([1704067200 + 3600 * i for i in range(4)])},
        " row 1: time stamp 1704067200 looks like seconds",
    ),
}


@pytest.mark.parametrize("case", PARQUET_BAD)
def test_bad_parquet(case: str, tmp_path: Path) -> None:
    change, message = PARQUET_BAD[case]
    path = parquet(tmp_path / "a.parquet", **change)

    with pytest.raises(InputError) as caught:
        read_candles(path)

    assert str(caught.value).startswith(f"{path}{message}")


def big(tmp_path: Path) -> Path:
    path = tmp_path / "SYNTHUSDT_1m.csv"
    write_candles(path, synthetic_candles(1, 30_000, Market(timeframe="1m")))
    return path


def test_second_read_comes_from_the_cache(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = big(tmp_path)
    first = read_candles(path)
    (kept,) = (home / "cache/columns").iterdir()
    monkeypatch.setattr("numpy.loadtxt", None)  # nothing is parsed any more

    assert read_candles(path).identity == first.identity
    assert kept.stat().st_size == pytest.approx(30_000 * 48, abs=400)


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "head"])
def test_damaged_cache_entry_is_read_anew(harm: str, tmp_path: Path, home: Path) -> None:
    path = big(tmp_path)
    first = read_candles(path)
    (kept,) = (home / "cache/columns").iterdir()
    content = bytearray(kept.read_bytes())
    content[40 if harm == "head" else 9000] ^= 1
    kept.write_bytes({"cut": content[:-8], "empty": b""}.get(harm, content))

    assert read_candles(path).identity == first.identity
    assert kept.stat().st_size == len(content)


def test_changed_file_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    path = big(tmp_path)
    first = read_candles(path)
    write_candles(path, synthetic_candles(2, 30_000, Market(timeframe="1m")))

    assert read_candles(path).identity != first.identity


def test_cache_is_capped_and_the_oldest_goes_first(tmp_path: Path) -> None:
    columns = {"time": np.arange(1000)}
    for age, name in ((3, "a"), (2, "b"), (1, "c")):
        column_cache.put(tmp_path / f"{name}.columns", columns, limit=20_000)
        if name != "c":
            os.utime(tmp_path / f"{name}.columns", (1000 - age, 1000 - age))

    assert {path.name for path in tmp_path.iterdir()} == {"b.columns", "c.columns"}


def test_without_a_cache_folder_all_works(tmp_path: Path, home: Path) -> None:
    home.mkdir()
    (home / "cache").write_text("a file where the folder should be")

    assert len(read_candles(big(tmp_path))) == 30_000


def test_nothing_heavy_is_imported_for_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text(*ROWS))
    code = (
        "import sys; from server.adapters.candle_files import read_candles; "
        f"read_candles({str(path)!r}); "
        "print([m for m in ('pandas', 'pyarrow', 'numba', 'networkx', 'urllib.request', 'http') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


REAL = {
    "BYBIT_BTCUSDT_1h": ("BTCUSDT", "1h", 35056),
    "BYBIT_ETHUSDT_1h": ("ETHUSDT", "1h", 33304),
    "BYBIT_SOLUSDT_1h": ("SOLUSDT", "1h", 15000),
    "BYBIT_XRPUSDT_1h": ("XRPUSDT", "1h", 31879),
    "BYBIT_DOGEUSDT_1h": ("DOGEUSDT", "1h", 31398),
    "BYBIT_SOLUSDT_4h": ("SOLUSDT", "4h", 7042),
    "BYBIT_BTCUSDT_15m": ("BTCUSDT", "15m", 28000),
    "BYBIT_XRPUSDT_15m": ("XRPUSDT", "15m", 30000),
    "BYBIT_DOGEUSDT_5m": ("DOGEUSDT", "5m", 30000),
    "BYBIT_BTCUSDT_4h-MARK": ("BTCUSDT", "4h", 8002),
    "BYBIT_ETHUSDT_4h-MARK": ("ETHUSDT", "4h", 8002),
    "BINANCEUM_BTCUSDT_1m": ("BTCUSDT", "1m", 43199),
    "BINANCEUM_ETHUSDT_1m": ("ETHUSDT", "1m", 60191),
    "FX_EURUSD_1h": ("EURUSD", "1h", 6225),
    "NASDAQ_GOOGL_1d": ("GOOGL", "1d", 2335),
}
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real candles lie beside the repository, not in it")


@needs_data
@pytest.mark.parametrize("name", REAL)
def test_real_candles(name: str) -> None:
    stocks = name.startswith(("FX", "NASDAQ"))
    candles = read_candles(DATA / f"{name}.csv.gz", allow_gaps=stocks)

    assert (candles.symbol, candles.timeframe, len(candles)) == REAL[name]
    assert ("gaps" in candles.origin) == stocks


@needs_data
@pytest.mark.parametrize("coin", ["BTC", "ETH", "SOL", "XRP", "DOGE"])
def test_real_funding(coin: str) -> None:
    instants, rates = read_funding(DATA / f"BYBIT_{coin}USDT_FUNDING.csv.gz")

    assert len(instants) == (2736 if coin == "SOL" else 4001)
    assert set(np.diff(instants)) == {8 * HOUR}
    assert np.abs(rates).max() < 0.05
