"""Stored candles merge, refuse contradictions by name, and are never half there; on both databases."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR, MINUTE, WEEK
from server.adapters import candle_import
from server.adapters.candle_files import write_candles, write_funding
from server.adapters.candle_import import import_file, import_upload
from server.store import series as series_module
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.series import BARS, Gap
from server.store.tables import candle_chunks, candle_series

ALL = synthetic_candles(1, 300)
LONG = synthetic_candles(2, 3 * BARS)  # over four chunks


@pytest.fixture
def series(database: Database) -> CandleSeries:
    return CandleSeries(database)


def piece(start: int, stop: int, *, of: Candles = ALL, origin: str = "file", **change: float) -> Candles:
    columns: dict[str, Any] = {name: getattr(of, name)[start:stop].copy() for name in COLUMNS}
    for name, factor in change.items():
        columns[name] = columns[name] * factor
    return make_candles("BTCUSDT", "1h", origin=origin, **columns)


def without(*rows: int, of: Candles = ALL) -> Candles:
    columns: dict[str, Any] = {name: np.delete(getattr(of, name), rows) for name in COLUMNS}
    return make_candles("BTCUSDT", "1h", origin="holes", **columns)


async def test_what_was_added_is_loaded(series: CandleSeries) -> None:
    stored = await series.add(piece(0, 100))
    candles = await series.load("BTCUSDT", "1h")

    assert candles.identity == piece(0, 100).identity == stored.identity
    assert (candles.origin, candles.synthetic, stored.rows, stored.added) == ("file", False, 100, 100)
    assert (stored.first, stored.last) == (ALL.time[0], ALL.time[99])


@pytest.mark.parametrize("parts", [[(0, 100), (100, 300)], [(100, 300), (0, 100)], [(0, 200), (50, 300), (0, 300)]])
async def test_parts_become_the_whole(parts: list[tuple[int, int]], series: CandleSeries) -> None:
    for start, stop in parts:
        await series.add(piece(start, stop, origin=f"{start}.csv"))

    assert (await series.load("BTCUSDT", "1h")).identity == piece(0, 300).identity
    origin = " + ".join(dict.fromkeys(f"{start}.csv" for start, _ in parts))
    assert (await series.load("BTCUSDT", "1h")).origin == origin


async def test_many_chunks(series: CandleSeries, database: Database) -> None:
    """Backwards and in pieces, as a fetch makes them; every bar has one place."""
    for stop in range(3 * BARS, 0, -1500):
        await series.add(piece(max(0, stop - 1600), stop, of=LONG), unfinished=True)
    assert (await series.find("BTCUSDT", "1h")).identity == ""  # type: ignore[union-attr]
    stored = await series.finish("BTCUSDT", "1h")

    assert stored.identity == piece(0, 3 * BARS, of=LONG).identity
    assert (await series.load("BTCUSDT", "1h")).identity == stored.identity
    async with database.read() as connection:
        rows = (await connection.execute(sa.select(candle_chunks.c.rows).order_by("number"))).scalars().all()
    assert (len(rows), sum(rows)) == (4, 3 * BARS)


async def test_part_of_a_series(series: CandleSeries) -> None:
    await series.add(piece(0, 3 * BARS, of=LONG))
    start, end = int(LONG.time[5000]), int(LONG.time[9000])
    part = await series.load("BTCUSDT", "1h", start, end)

    assert part.identity == piece(5000, 9000, of=LONG).identity
    assert len(await series.load("BTCUSDT", "1h", start + 1, end + 1)) == 4000
    assert (await series.load("BTCUSDT", "1h", end=end)).time[-1] == end - HOUR
    for span in ((None, int(LONG.time[0])), (int(LONG.time[-1]) + 1, None), (4 * start, None), (start, start)):
        with pytest.raises(InputError, match="nothing is stored of BTCUSDT 1h in the span asked for"):
            await series.load("BTCUSDT", "1h", *span)


async def test_rows_by_number(series: CandleSeries) -> None:
    gone = tuple(range(4000, 4300))
    candles = without(*gone, of=LONG)
    await series.add(candles, allow_gaps=True)

    for first, count in ((0, 10), (3995, 10), (0, 3 * BARS), (7000, 2), (len(candles) - 3, 100)):
        rows = await series.rows("BTCUSDT", "1h", first, count)
        for name in COLUMNS:
            np.testing.assert_array_equal(rows[name], getattr(candles, name)[first : first + count])
    assert len((await series.rows("BTCUSDT", "1h", len(candles), 5))["time"]) == 0
    for row in (0, 3999, 4000, 9000, len(candles) - 1):
        assert await series.row_of("BTCUSDT", "1h", int(candles.time[row])) == row
    assert await series.row_of("BTCUSDT", "1h", int(LONG.time[4100])) == 4000
    assert await series.row_of("BTCUSDT", "1h", int(candles.time[-1]) + 5000 * HOUR) == len(candles)


async def test_import_counts_only_what_is_new(series: CandleSeries, tmp_path: Path) -> None:
    path = tmp_path / "BYBIT_BTCUSDT_1h.csv"
    await series.add(piece(0, 100))
    write_candles(path, piece(50, 150))

    assert [(await import_file(series, path)).added for _ in range(2)] == [50, 0]


async def test_different_values_are_refused_by_name(series: CandleSeries) -> None:
    await series.add(piece(0, 100))
    columns: dict[str, Any] = {name: getattr(ALL, name)[:150].copy() for name in COLUMNS}
    columns["volume"][[7, 9]] = 1.5
    other = make_candles("BTCUSDT", "1h", origin="b.csv", **columns)

    with pytest.raises(InputError) as caught:
        await series.add(other)

    assert str(caught.value) == (
        f"b.csv at 2024-01-01 07:00 UTC: volume is 1.5, but {ALL.volume[7]} is stored of BTCUSDT 1h "
        "(2 rows of 100 differ); remove what is stored or import under another symbol"
    )
    assert (await series.load("BTCUSDT", "1h")).identity == piece(0, 100).identity


async def test_gap_between_parts_is_refused_unless_allowed(series: CandleSeries) -> None:
    await series.add(piece(50, 100))

    for part, bars, after in (
        (piece(110, 120, origin="new.csv"), 10, "05 03"),
        (piece(0, 20, origin="new.csv"), 30, "01 19"),
    ):
        with pytest.raises(InputError) as caught:
            await series.add(part)
        assert str(caught.value) == (
            f"new.csv leaves a gap of {bars} bars to the stored BTCUSDT 1h after 2024-01-{after}:00 UTC; "
            "import what is missing first or allow gaps"
        )
    assert (await series.add(piece(110, 120), allow_gaps=True)).rows == 60
    assert (await series.add(piece(0, 20))).rows == 80, "once allowed, always allowed"


async def test_gaps_are_found_and_filled(series: CandleSeries) -> None:
    gone = (100, 101, 102, 4500, *range(5000, 5000 + BARS + 200))
    await series.add(without(*gone, of=LONG), allow_gaps=True)

    stored = await series.find("BTCUSDT", "1h")
    assert stored is not None and stored.missing == len(gone)
    time = LONG.time.tolist()
    assert await series.gaps("BTCUSDT", "1h") == [
        Gap(time[100], time[102], 3), Gap(time[4500], time[4500], 1), Gap(time[5000], time[gone[-1]], BARS + 200),
    ]  # fmt: skip
    await series.add(piece(90, 6000, of=LONG))
    await series.add(piece(6000, 3 * BARS, of=LONG))
    assert await series.gaps("BTCUSDT", "1h") == []
    assert (await series.load("BTCUSDT", "1h")).identity == piece(0, 3 * BARS, of=LONG).identity


async def test_weeks_begin_on_monday_in_every_chunk(series: CandleSeries) -> None:
    weeks = synthetic_candles(1, 300, Market(timeframe="1w"))
    time = weeks.time - 2300 * WEEK  # the border of two chunks lies in 1970 + 78 years at the earliest
    moved: dict[str, Any] = {name: getattr(weeks, name) for name in COLUMNS[1:]}
    await series.add(make_candles("BTCUSDT", "1w", origin="weeks", time=time, **moved))

    assert await series.gaps("BTCUSDT", "1w") == []
    for number in range(-2, 3):
        first, stop = (n * BARS * WEEK for n in (number, number + 1))
        mondays = sum(1 for t in range(first - first % WEEK + 4 * 24 * HOUR - WEEK, stop, WEEK) if first <= t < stop)
        assert series_module.full_rows(number, "1w") == mondays == BARS


async def test_candles_that_cannot_be_true_are_not_stored(series: CandleSeries) -> None:
    with pytest.raises(InputError, match=r"^file, BTCUSDT 1h, row 1 .* high .* is below low"):
        await series.add(piece(0, 10, high=0.5))
    assert await series.list() == []


async def test_synthetic_and_real_are_never_mixed(series: CandleSeries) -> None:
    await series.add(piece(0, 100))
    invented = synthetic_candles(1, 100, Market(symbol="BTCUSDT"))

    with pytest.raises(InputError, match="is synthetic, but what is stored of BTCUSDT 1h is real"):
        await series.add(invented)
    await series.remove("BTCUSDT", "1h")
    await series.add(invented)
    assert (await series.load("BTCUSDT", "1h")).synthetic
    with pytest.raises(InputError, match="file is real, but what is stored of BTCUSDT 1h is synthetic"):
        await series.add(piece(0, 100))


async def test_listing(series: CandleSeries) -> None:
    assert await series.list() == []
    await series.add(piece(0, 100))
    await series.add(synthetic_candles(1, 50, Market(timeframe="15m")))
    await series.add_funding("BTCUSDT", *synthetic_funding(ALL, 1), origin="f.csv")

    listed = [(s.symbol, s.timeframe, s.rows, s.synthetic, s.size > 100) for s in await series.list()]
    assert listed == [
        ("BTCUSDT", "1h", 100, False, True),
        ("BTCUSDT", "funding", 38, False, True),
        ("SYNTHUSDT", "15m", 50, True, True),
    ]


async def test_mark_prices_are_kept_apart(series: CandleSeries, tmp_path: Path) -> None:
    path = tmp_path / "BYBIT_BTCUSDT_1h-MARK.csv"
    write_candles(path, piece(0, 20))

    assert (await import_file(series, path)).symbol == "BTCUSDT.MARK"


async def test_funding_merges(series: CandleSeries) -> None:
    instants, rates = synthetic_funding(ALL, 1)
    await series.add_funding("BTCUSDT", instants[20:], rates[20:], origin="late")
    await series.add_funding("BTCUSDT", instants[:25], rates[:25], origin="early")

    again = await series.load_funding("BTCUSDT")
    assert np.array_equal(again[0], instants) and np.array_equal(again[1], rates)
    assert len((await series.load_funding("BTCUSDT", int(instants[3]), int(instants[7])))[0]) == 4
    assert await series.gaps("BTCUSDT", "funding") == []
    with pytest.raises(InputError, match=r"^other at 2024-01-01 00:00 UTC: rate is "):
        await series.add_funding("BTCUSDT", instants[:5], rates[:5] + 0.001, origin="other")


@pytest.mark.parametrize("harm", ["cut", "value", "lost"])
async def test_damage_is_named_and_does_not_stop_the_listing(
    harm: str, series: CandleSeries, database: Database
) -> None:
    await series.add(piece(0, 3 * BARS, of=LONG))
    await series.add(synthetic_candles(1, 50))
    async with database.write() as connection:
        last = (await connection.execute(sa.select(candle_chunks).order_by(candle_chunks.c.number.desc()))).first()
        assert last is not None
        this = (candle_chunks.c.series_id == last.series_id) & (candle_chunks.c.number == last.number)
        if harm == "lost":
            await connection.execute(candle_chunks.delete().where(this))
        elif harm == "cut":
            await connection.execute(candle_chunks.update().where(this).values(data=last.data[:50]))
        else:
            await connection.execute(
                candle_series.update().where(candle_series.c.symbol == "BTCUSDT").values(identity="b2:other")
            )

    with pytest.raises(InputError) as caught:
        await series.load("BTCUSDT", "1h")
    assert str(caught.value) == (
        "the stored candles of BTCUSDT 1h are damaged; remove them and import or fetch them again"
    )
    assert [s.symbol for s in await series.list()] == ["BTCUSDT", "SYNTHUSDT"]


async def test_nothing_stored(series: CandleSeries) -> None:
    for asked in (series.load("BTCUSDT", "1h"), series.gaps("BTCUSDT", "1h"), series.rows("BTCUSDT", "1h", 0, 5)):
        with pytest.raises(InputError, match=r"^no candles of BTCUSDT 1h are stored; import a file or fetch them$"):
            await asked
    with pytest.raises(InputError, match=r"^no funding rates of BTCUSDT are stored"):
        await series.load_funding("BTCUSDT")
    for asked in (series.remove("BTCUSDT", "1h"), series.finish("BTCUSDT", "1h")):
        with pytest.raises(InputError, match="nothing is stored of BTCUSDT 1h"):
            await asked
    assert await series.find("BTCUSDT", "1h") is None


@pytest.mark.parametrize("symbol", ["../x", "a/b", "", ".hidden", "a_b", "x" * 61, "a\nb", "a' OR 1=1 --"])
async def test_symbols_are_no_paths_and_no_sql(symbol: str, series: CandleSeries) -> None:
    with pytest.raises(InputError, match="cannot be stored"):
        await series.load(symbol, "1h")
    with pytest.raises(InputError, match="timeframe '7h' is not known"):
        await series.find("BTCUSDT", "7h")


async def test_a_failing_write_leaves_the_old_candles(series: CandleSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    await series.add(piece(0, 100))
    monkeypatch.setattr("server.store.candles._identity", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await series.add(piece(100, 200))

    monkeypatch.undo()
    assert (await series.load("BTCUSDT", "1h")).identity == piece(0, 100).identity


async def test_nothing_is_lost_when_many_add_at_once(migrated_url: str) -> None:
    """Six programs, each with connections of its own, add parts that meet and overlap; so do two tasks of each."""
    databases = [Database(migrated_url, pool=2) for _ in range(6)]
    try:
        parts = [(i * 100, i * 100 + 150) for i in range(12)]
        await asyncio.gather(
            *(
                CandleSeries(databases[i % 6]).add(piece(*part, of=LONG), allow_gaps=True)
                for i, part in enumerate(parts)
            )
        )
        loaded = await CandleSeries(databases[0]).load("BTCUSDT", "1h")
    finally:
        for database in databases:
            await database.close()
    assert loaded.identity == piece(0, 1250, of=LONG).identity


async def test_readers_meet_a_series_of_one_moment(series: CandleSeries) -> None:
    """While it grows, a load gives what was there before an addition or after it."""
    await series.add(piece(0, 4000, of=LONG))
    whole = {piece(0, 4000 + 500 * i, of=LONG).identity for i in range(5)}

    async def grow() -> None:
        for i in range(4):
            await series.add(piece(4000 + 500 * i, 4500 + 500 * i, of=LONG))

    growing = asyncio.ensure_future(grow())
    seen = set[str]()
    while not growing.done():
        seen.add((await series.load("BTCUSDT", "1h")).identity)
    await growing
    assert seen <= whole


async def test_a_funding_file_is_imported_as_funding(series: CandleSeries, tmp_path: Path) -> None:
    """What a file holds is read off its header, for text and Parquet; candles stay candles."""
    instants, rates = synthetic_funding(ALL, 1)
    for ending in ("csv", "csv.gz", "parquet"):
        path = tmp_path / ending / f"BYBIT_BTCUSDT_FUNDING.{ending}"
        path.parent.mkdir()
        write_funding(path, instants, rates)
        stored = await import_file(series, path)
        assert (stored.symbol, stored.timeframe, stored.rows) == ("BTCUSDT", "funding", len(rates))
    again, same = await series.load_funding("BTCUSDT")
    np.testing.assert_array_equal(again, instants)
    np.testing.assert_array_equal(same, rates)
    write_candles(tmp_path / "BTCUSDT_1h.csv", ALL)
    assert (await import_file(series, tmp_path / "BTCUSDT_1h.csv")).timeframe == "1h"


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x\\BTC_1h.csv", "a\0b.csv", "", "x.csv.gz", "y.PARQUET"])
async def test_an_upload_is_read_by_its_content(name: str, series: CandleSeries, tmp_path: Path) -> None:
    ending = next((e for e in (".csv.gz", ".parquet") if name.lower().endswith(e)), ".csv")
    write_candles(tmp_path / f"a{ending}", piece(0, 50))
    content = (tmp_path / f"a{ending}").read_bytes()
    stored = await import_upload(series, name, content, symbol="ETHUSDT", timeframe="1h", allow_gaps=False)

    assert (stored.symbol, stored.timeframe, stored.rows) == ("ETHUSDT", "1h", 50)
    assert "/" not in stored.origin and "\0" not in stored.origin
    with pytest.raises(InputError, match=r"^bad\.csv row 1: found numbers"):
        await import_upload(series, "x/bad.csv", b"1,2,3\n", symbol="ETHUSDT", timeframe=None, allow_gaps=False)
    with pytest.raises(InputError, match="cannot be stored"):
        await import_upload(series, "a.csv", content, symbol="../x", timeframe=None, allow_gaps=False)


async def test_an_upload_that_unpacks_to_too_much_is_refused(
    series: CandleSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candle_import, "_MOST_TEXT", 2 << 20)
    bomb = gzip.compress(b"timestamp,open,high,low,close,volume\n" + b" " * (3 << 20))
    with pytest.raises(InputError, match=r"^a\.csv\.gz unpacks to more than 2 MB; split it"):
        await import_upload(series, "a.csv.gz", bomb, symbol="X", timeframe=None, allow_gaps=False)
    monkeypatch.setattr(candle_import, "_MOST_ROWS", 10)
    write_candles(tmp_path / "a.parquet", piece(0, 11))
    content = (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(InputError, match=r"^a\.parquet has 11 rows, more than 10"):
        await import_upload(series, "a.parquet", content, symbol="X", timeframe=None, allow_gaps=False)
    for junk in (b"\x1f\x8bjunk", b"PAR1junk", b"PAR1", b"\0\0", b"PK"):
        with pytest.raises(InputError, match=r"^a\.csv"):
            await import_upload(series, "a.csv", junk, symbol="X", timeframe=None, allow_gaps=False)


async def test_minutes_and_hours_are_series_of_their_own(series: CandleSeries) -> None:
    await series.add(synthetic_candles(1, 100, Market(timeframe="1m")))
    await series.add(synthetic_candles(1, 100))

    assert set(np.diff((await series.load("SYNTHUSDT", "1m")).time)) == {MINUTE}
    assert set(np.diff((await series.load("SYNTHUSDT", "1h")).time)) == {HOUR}
