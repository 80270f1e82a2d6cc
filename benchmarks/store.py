"""Rows per second that the store takes, on both databases: `python -m benchmarks.store`.

SQLite writes to a file and waits for the disk at each commit, PostgreSQL is a local server that does the same.  Best of
several rounds; a round is as many commits as the batches say.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa

from benchmarks.report import table
from server.ids import new_id
from server.live import Live
from server.store.backtests import StoredBacktest
from server.store.database import Database
from server.store.logs import LogFilter, LogLine
from server.store.outcome import Finished, TradeRow
from server.store.store import Store
from server.store.tables import users
from server.store.upgrade import upgrade
from tests.databases import postgresql

ROUNDS = 5
BATCH = 500  # lines, as the log writer writes them
OWNER = "bench"
Round = Callable[[Store], Awaitable[int]]


async def _log_lines(store: Store) -> int:
    lines = [
        LogLine(at=n, level=30, component="bench", event="line", message=f"line {n} of a batch", context={"bar": n})
        for n in range(BATCH)
    ]
    for _ in range(20):
        await store.logs.add(lines)
    return 20 * BATCH


async def _log_pages(store: Store) -> int:
    rows = 0
    for _ in range(50):
        rows += len(await store.logs.find(LogFilter(level=20), limit=100))
    return rows


async def _events_one_by_one(store: Store) -> int:
    live = Live(store.events, lambda: 0)
    for number in range(100):
        await live.publish("backtest", {"id": "x", "progress": number / 100}, OWNER)
    return 100


async def _events_replayed(store: Store) -> int:
    rows = 0
    for _ in range(20):
        rows += len(await store.events.after(0, OWNER))
    return rows


def _queued(number: int) -> StoredBacktest:
    empty = dict.fromkeys(
        ("graph_id", "revision", "error", "started_at", "finished_at", "seconds", "summary", "result")
    )
    return StoredBacktest(
        id=new_id(), owner_id=OWNER, name="bench", logic_hash="", request={}, status="queued", stage="", progress=0.0,
        created_at=number, document="", **empty,
    )  # fmt: skip


async def _traces(store: Store) -> int:
    """A back-test of 100 wires over 400,000 bars: 2,048 values, half a kilobyte packed, in a row."""
    rows = [(0, chunk, f"node_{wire}.value", bytes(512)) for chunk in range(200) for wire in range(100)]
    await store.backtests.add(_queued(0))
    run = await store.backtests.claim(0)
    assert run
    done = Finished(seconds=1.0, summary={}, result={}, columns={}, trades=[], traces=rows)
    assert await store.backtests.finish(run, done, 1)
    return len(rows)


async def _trades(store: Store) -> int:
    figures = {"symbol": "X", "side": "long", "entry_time": 0, "exit_time": 1, "exit_reason": "stop", "pnl": 1.0}
    trades = [TradeRow(number=n, row=figures, slice=bytes(200)) for n in range(1, 5_001)]
    await store.backtests.add(_queued(0))
    run = await store.backtests.claim(0)
    assert run
    done = Finished(seconds=1.0, summary={}, result={}, columns={}, trades=trades, traces=[])
    assert await store.backtests.finish(run, done, 1)
    return len(trades)


ROUND_OF: dict[str, Round] = {
    f"log lines written, {BATCH} per commit": _log_lines,
    "log lines read, pages of 100": _log_pages,
    "events published, 1 per commit": _events_one_by_one,
    "events replayed, 500 at most": _events_replayed,
    "trace rows written, 20,000 per commit": _traces,
    "trades written, 5,000 per commit": _trades,
}


async def rates(url: str) -> dict[str, float]:
    """Rows per second of every kind of work on an empty database."""
    store = Store(Database(url), bytes(32))
    await upgrade(store.database)
    row = {"id": OWNER, "name": OWNER, "key": OWNER, "password": "", "role": "user", "created_at": 0}
    async with store.database.write() as connection:
        await connection.execute(sa.insert(users).values(**row, active=True, must_change=False))
    found = {name: max([await _rate(store, work) for _ in range(ROUNDS)]) for name, work in ROUND_OF.items()}
    await store.close()
    return found


async def _rate(store: Store, work: Round) -> float:
    began = time.perf_counter()
    rows = await work(store)
    return rows / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = asyncio.run(rates(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"))
    with postgresql(durable=True) as server:
        postgres = asyncio.run(rates(server.url("postgres")))
    rows = [[name, f"{sqlite[name]:,.0f}", f"{postgres[name]:,.0f}"] for name in ROUND_OF]
    print(table(["rows per second", "SQLite", "PostgreSQL"], rows))


if __name__ == "__main__":
    main()
