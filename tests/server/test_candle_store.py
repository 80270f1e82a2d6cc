"""The candle store merges, refuses contradictions by name, and never holds half a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR
from server.adapters import column_file
from server.adapters.candle_files import write_candles, write_funding
from server.adapters.candle_store import CandleStore


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path / "store")


ALL = synthetic_candles(1, 300)


def piece(start: int, stop: int, *, origin: str = "file", **change: float) -> Candles:
    columns: dict[str, Any] = {name: getattr(ALL, name)[start:stop].copy() for name in COLUMNS}
    for name, factor in change.items():
        columns[name] = columns[name] * factor
    return make_candles("BTCUSDT", "1h", origin=origin, **columns)


def test_what_was_added_is_loaded(store: CandleStore) -> None:
    stored = store.add(piece(0, 100))
    candles = store.load("BTCUSDT", "1h")

    assert candles.identity == piece(0, 100).identity == stored.identity
    assert (candles.origin, candles.synthetic, stored.rows, stored.added) == ("file", False, 100, 100)
    assert (stored.first, stored.last) == (ALL.time[0], ALL.time[99])


@pytest.mark.parametrize("parts", [[(0, 100), (100, 300)], [(100, 300), (0, 100)], [(0, 200), (50, 300), (0, 300)]])
def test_parts_become_the_whole(parts: list[tuple[int, int]], store: CandleStore) -> None:
    for start, stop in parts:
        store.add(piece(start, stop, origin=f"{start}.csv"))

    assert store.load("BTCUSDT", "1h").identity == piece(0, 300).identity
    assert store.load("BTCUSDT", "1h").origin == " + ".join(dict.fromkeys(f"{start}.csv" for start, _ in parts))


def test_import_counts_only_what_is_new(store: CandleStore, tmp_path: Path) -> None:
    path = tmp_path / "BYBIT_BTCUSDT_1h.csv"
    store.add(piece(0, 100))
    write_candles(path, piece(50, 150))

    assert (store.import_file(path).added, store.import_file(path).added) == (50, 0)


def test_different_values_are_refused_by_name(store: CandleStore) -> None:
    store.add(piece(0, 100))
    columns: dict[str, Any] = {name: getattr(ALL, name)[:150].copy() for name in COLUMNS}
    columns["volume"][[7, 9]] = 1.5
    other = make_candles("BTCUSDT", "1h", origin="b.csv", **columns)

    with pytest.raises(InputError) as caught:
        store.add(other)

    assert str(caught.value) == (
        f"b.csv at 2024-01-01 07:00 UTC: volume is 1.5, but {ALL.volume[7]} is stored of BTCUSDT 1h "
        "(2 rows of 100 differ); remove what is stored or import under another symbol"
    )
    assert store.load("BTCUSDT", "1h").identity == piece(0, 100).identity


def test_gap_between_parts_is_refused_unless_allowed(store: CandleStore) -> None:
    store.add(piece(0, 100))

    with pytest.raises(InputError) as caught:
        store.add(piece(110, 120, origin="late.csv"))
    assert str(caught.value) == (
        "late.csv leaves a gap of 10 bars to the stored BTCUSDT 1h after 2024-01-05 03:00 UTC; "
        "import what is missing first or allow gaps"
    )
    assert store.add(piece(110, 120), allow_gaps=True).rows == 110


def test_candles_that_cannot_be_true_are_not_stored(store: CandleStore) -> None:
    with pytest.raises(InputError, match=r"^file, BTCUSDT 1h, row 1 .* high .* is below low"):
        store.add(piece(0, 10, high=0.5))
    assert store.list_stored() == []


def test_synthetic_and_real_are_never_mixed(store: CandleStore) -> None:
    store.add(piece(0, 100))
    invented = synthetic_candles(1, 100, Market(symbol="BTCUSDT"))

    with pytest.raises(InputError, match="is synthetic, but what is stored of BTCUSDT 1h is real"):
        store.add(invented)
    store.remove("BTCUSDT", "1h")
    store.add(invented)
    assert store.load("BTCUSDT", "1h").synthetic
    with pytest.raises(InputError, match="file is real, but what is stored of BTCUSDT 1h is synthetic"):
        store.add(piece(0, 100))


def test_listing(store: CandleStore) -> None:
    assert store.list_stored() == []
    store.add(piece(0, 100))
    store.add(synthetic_candles(1, 50, Market(timeframe="15m")))
    store.add_funding("BTCUSDT", *synthetic_funding(ALL, 1), origin="f.csv")

    listed = [(s.symbol, s.timeframe, s.rows, s.synthetic) for s in store.list_stored()]
    assert listed == [
        ("BTCUSDT", "1h", 100, False),
        ("BTCUSDT", "funding", 38, False),
        ("SYNTHUSDT", "15m", 50, True),
    ]


def test_mark_prices_are_kept_apart(store: CandleStore, tmp_path: Path) -> None:
    path = tmp_path / "BYBIT_BTCUSDT_1h-MARK.csv"
    write_candles(path, piece(0, 20))

    assert store.import_file(path).symbol == "BTCUSDT.MARK"


def test_funding_merges(store: CandleStore) -> None:
    instants, rates = synthetic_funding(ALL, 1)
    store.add_funding("BTCUSDT", instants[20:], rates[20:], origin="late")
    store.add_funding("BTCUSDT", instants[:25], rates[:25], origin="early")

    again = store.load_funding("BTCUSDT")
    assert np.array_equal(again[0], instants) and np.array_equal(again[1], rates)
    with pytest.raises(InputError, match=r"^other at 2024-01-01 00:00 UTC: rate is "):
        store.add_funding("BTCUSDT", instants[:5], rates[:5] + 0.001, origin="other")


@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_damaged_file_is_named_and_does_not_stop_the_listing(harm: str, store: CandleStore) -> None:
    store.add(piece(0, 100))
    store.add(synthetic_candles(1, 50))
    path = store.folder / "BTCUSDT_1h.columns"
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes({"cut": content[:50], "empty": b"", "flip": bytes(content)}[harm])

    with pytest.raises(InputError) as caught:
        store.load("BTCUSDT", "1h")
    assert str(caught.value) == (f"the stored candles of BTCUSDT 1h are damaged; remove {path} and import them again")
    assert [s.symbol for s in store.list_stored()] == ["BTCUSDT", "SYNTHUSDT"]
    assert store.list_stored()[0].damaged == (harm != "flip")  # a listing reads heads only


def test_nothing_stored(store: CandleStore) -> None:
    with pytest.raises(InputError, match=r"^no candles of BTCUSDT 1h are stored; import a file or fetch them$"):
        store.load("BTCUSDT", "1h")
    with pytest.raises(InputError, match="nothing is stored of BTCUSDT 1h"):
        store.remove("BTCUSDT", "1h")
    assert store.find("BTCUSDT", "1h") is None


@pytest.mark.parametrize("symbol", ["../x", "a/b", "", ".hidden", "a_b", "x" * 65, "a\nb"])
def test_symbols_are_no_paths(symbol: str, store: CandleStore) -> None:
    with pytest.raises(InputError, match="cannot be stored"):
        store.load(symbol, "1h")


def test_a_failing_write_leaves_the_old_file(store: CandleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(piece(0, 100))
    monkeypatch.setattr(column_file.zlib, "crc32", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        store.add(piece(100, 200))

    monkeypatch.undo()
    assert store.load("BTCUSDT", "1h").identity == piece(0, 100).identity
    assert {path.name for path in store.folder.iterdir()} == {".lock", "BTCUSDT_1h.columns"}


def test_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "here"))
    assert CandleStore().folder == tmp_path / "here/candles"
    monkeypatch.delenv("TRADEGRAPH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert CandleStore().folder == tmp_path / "data/tradegraph/candles"


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match=r"cannot be written .*; set TRADEGRAPH_HOME to another place"):
        CandleStore(tmp_path / "file").add(piece(0, 10))


def test_candles_are_stored_hour_by_hour(store: CandleStore) -> None:
    """Many small additions, as a fetch makes them."""
    for i in range(0, 300, 25):
        store.add(piece(i, i + 25))

    assert set(np.diff(store.load("BTCUSDT", "1h").time)) == {HOUR}


def test_a_funding_file_is_imported_as_funding(store: CandleStore, tmp_path: Path) -> None:
    """What a file holds is read off its header, for text and Parquet; candles stay candles."""
    instants, rates = synthetic_funding(ALL, 1)
    for ending in ("csv", "csv.gz", "parquet"):
        path = tmp_path / ending / f"BYBIT_BTCUSDT_FUNDING.{ending}"
        path.parent.mkdir()
        write_funding(path, instants, rates)
        stored = store.import_file(path)
        assert (stored.symbol, stored.timeframe, stored.rows) == ("BTCUSDT", "funding", len(rates))
    again, same = store.load_funding("BTCUSDT")
    np.testing.assert_array_equal(again, instants)
    np.testing.assert_array_equal(same, rates)
    write_candles(tmp_path / "BTCUSDT_1h.csv", ALL)
    assert store.import_file(tmp_path / "BTCUSDT_1h.csv").timeframe == "1h"
