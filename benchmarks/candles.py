"""Candles in files and in the store: `python -m benchmarks.candles [ROUNDS]`.

First the CPU time to read candle files of 10,000 and 500,000 rows in a new process, then the wall time to write and
read candles on SQLite and on a throw-away PostgreSQL (which does not wait for the disk, as SQLite does).

"first" is the first read (parsed, checked, hashed, kept in the cache), "second" a later process that finds the parsed
columns in the cache (files from 1 MB on), "import" what the reader costs to import after numpy.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.sim.synthetic import Market, synthetic_candles
from server.adapters.candle_files import write_candles
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.upgrade import upgrade
from tests.databases import postgresql

BARS, PAGE = 100_000, 1000
READ = """
import sys, time, numpy
start = time.process_time()
from server.adapters.candle_files import read_candles
ready = time.process_time()
candles = read_candles(sys.argv[1])
print(1000 * (ready - start), 1000 * (time.process_time() - ready), candles.identity)
"""


def milliseconds(path: Path, home: Path) -> tuple[float, float]:
    """CPU time to import the reader and to read the file, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env={**os.environ, "TRADEGRAPH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    loading, reading, _ = done.stdout.split()
    return float(loading), float(reading)


def measure(path: Path, rounds: int) -> tuple[float, float, float]:
    """Best of `rounds`: import, first and second read."""
    rows: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as home:
            loading, first = milliseconds(path, Path(home))
            _, second = milliseconds(path, Path(home))
            rows.append((loading, first, second))
    best = [min(column) for column in zip(*rows, strict=True)]
    return best[0], best[1], best[2]


async def seconds(rounds: int, work: Callable[[int], Awaitable[Any]]) -> float:
    """Wall time of the quickest of several runs."""
    found: list[float] = []
    for round_ in range(rounds):
        began = time.perf_counter()
        await work(round_)
        found.append(time.perf_counter() - began)
    return min(found)


async def measure_store(name: str, url: str, rounds: int) -> None:
    """Print how quickly one database takes and gives `BARS` candles, a page of a fetch and a window of a chart."""
    database = Database(url)
    await upgrade(database)
    series = CandleSeries(database)
    whole = synthetic_candles(1, BARS + rounds * PAGE, Market(timeframe="1m"))

    async def write(round_: int) -> None:
        await series.add(msgspec.structs.replace(whole.part(0, BARS), symbol=f"S{round_}"))

    async def append(round_: int) -> None:
        page = whole.part(BARS + round_ * PAGE, BARS + (round_ + 1) * PAGE)
        await series.add(msgspec.structs.replace(page, symbol="S0"), unfinished=True)

    figures = {
        "write": (BARS, await seconds(rounds, write)),
        "read": (BARS, await seconds(rounds, lambda _: series.load("S0", "1m"))),
        "append": (PAGE, await seconds(rounds, append)),
        "window": (PAGE, await seconds(rounds, lambda _: series.rows("S0", "1m", BARS // 2, PAGE))),
    }
    size = (await series.list())[0].size / whole.time[: BARS + rounds * PAGE].size
    await database.close()
    for work, (bars, took) in figures.items():
        print(f"{name:12} {work:8} {bars:>9,} {1000 * took:9.1f} {bars / took:>14,.0f}   {size:5.1f}")


def stores(rounds: int) -> None:
    """Print the table of both databases."""
    print(f"\n{'database':12} {'work':8} {'candles':>9} {'ms':>9} {'candles/s':>14}   bytes per candle")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure_store("SQLite", f"sqlite+aiosqlite:///{folder}/candles.db", rounds))
    with postgresql() as server:
        asyncio.run(measure_store("PostgreSQL", server.url("postgres"), rounds))


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{'file':28} {'MB':>6} {'import':>8} {'first':>8} {'second':>8}   ms CPU, best of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        for bars in (10_000, 500_000):
            candles = synthetic_candles(1, bars, Market(timeframe="1m"))
            for ending in ("csv", "csv.gz", "parquet"):
                path = Path(folder) / f"SYNTHUSDT_{bars}.{ending}"
                write_candles(path, candles)
                loading, first, second = measure(path, rounds)
                size = path.stat().st_size / 1e6
                print(f"{path.name:28} {size:6.1f} {loading:8.1f} {first:8.1f} {second:8.1f}")
    stores(rounds)


if __name__ == "__main__":
    main()
