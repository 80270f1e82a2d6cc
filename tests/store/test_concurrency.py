"""Many requests at once, a database that goes away and comes back, and programs that are killed while they save."""

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.pool import QueuePool

from engine.sim.synthetic import Market, synthetic_candles
from server.people import User
from server.store.database import POOL, Database
from server.store.logs import LogFilter, LogLine
from server.store.store import Store
from server.store.tables import candle_chunks, graph_revisions, logs, users
from server.store.upgrade import upgrade
from tests.conftest import SECRET
from tests.databases import PostgreSQL
from tests.store import saver

ROOT = Path(__file__).parents[2]
ANN = User(id="ann", name="Ann", role="user")


async def add_ann(database: Database) -> None:
    row = {"id": "ann", "name": "Ann", "key": "ann", "password": "", "role": "user", "created_at": 0}
    async with database.write() as connection:
        await connection.execute(sa.insert(users).values(**row, active=True, must_change=False))


class Pool:
    """Watches how many connections are out."""

    def __init__(self, database: Database) -> None:
        pool = database.engine.sync_engine.pool
        assert isinstance(pool, QueuePool)
        self._pool = pool
        self.most = 0
        listen(pool, "checkout", self._note)

    def _note(self, *_: object) -> None:
        self.most = max(self.most, self.out)

    @property
    def out(self) -> int:
        return self._pool.checkedout()


async def request(store: Store, number: int) -> object:
    """One of eight kinds of request, reading or writing."""
    match number % 8:
        case 0:
            return await store.events.add("t", {"n": number}, "ann", number)
        case 1:
            line = LogLine(at=number, level=30, component="c", event="e", message=f"line {number}")
            return await store.logs.add([line] * 20)
        case 2:
            return await store.logs.find(LogFilter(text="line"), limit=50)
        case 3:
            return await store.graphs.create(ANN, saver.document(number), now=number)
        case 4:
            return await store.graphs.list(ANN)
        case 5:
            return await store.candles.load("SYNTHUSDT", "1h")
        case 6:
            return await store.candles.add(synthetic_candles(number, 500, Market(symbol=f"S{number}USDT")))
        case _:
            return await store.events.after(0, "ann")


async def test_two_hundred_requests_at_once(store: Store) -> None:
    await add_ann(store.database)
    await store.candles.add(synthetic_candles(1, 5_000))
    pool = Pool(store.database)
    await asyncio.gather(*(request(store, number) for number in range(200)))
    assert 1 < pool.most <= POOL
    assert pool.out == 0
    assert sorted(e.data["n"] for e in await store.events.after(0, "ann")) == list(range(0, 200, 8))
    assert len(await store.logs.find(LogFilter(), limit=1_000)) == 25 * 20
    assert len((await store.graphs.list(ANN, limit=100)).items) == 25
    assert len(await store.candles.list()) == 26


async def cancelled(store: Store) -> None:
    """Requests that are cancelled, each at another step."""
    tasks = [asyncio.create_task(request(store, number)) for number in range(80)]
    for turn, task in enumerate(tasks):
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_requests_that_are_cancelled_give_their_connections_back(store: Store) -> None:
    await add_ann(store.database)
    await store.candles.add(synthetic_candles(1, 5_000))
    pool = Pool(store.database)
    await cancelled(store)
    await asyncio.gather(*(request(store, number) for number in range(40)))
    gc.collect()  # a connection that was forgotten would complain
    assert pool.most <= POOL
    assert pool.out == 0


@pytest.fixture
async def postgres_store(postgres: PostgreSQL) -> AsyncGenerator[Store]:
    """A store on a server that we may stop, be DATABASE_URL what it may."""
    database = Database(postgres.url("postgres"))
    await upgrade(database)
    yield Store(database, SECRET)
    await database.close()


async def test_a_database_that_was_restarted_is_used_again(postgres: PostgreSQL, postgres_store: Store) -> None:
    """Pooled connections are dead then; requests meanwhile fail at once, those afterwards do not notice."""
    store, pool = postgres_store, Pool(postgres_store.database)
    before = await store.events.last()
    await asyncio.gather(*(store.events.add("t", {}, None, n) for n in range(20)))
    postgres.ask("stop")
    try:
        failed = await asyncio.gather(*(store.events.last() for _ in range(20)), return_exceptions=True)
    finally:
        postgres.ask("start")
    assert all(isinstance(error, Exception) for error in failed)
    await asyncio.gather(*(store.events.add("t", {}, None, n) for n in range(20)))
    assert len(await store.events.after(before, "ann")) == 40
    assert (pool.out, pool.most <= POOL) == (0, True)


# --- kill -9 ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def killer(migrated_url: str) -> Generator[subprocess.Popen[str]]:
    """The program that kills its children while they save."""

    async def prepare() -> str:
        store = Store(Database(migrated_url), SECRET)
        try:
            await add_ann(store.database)
            return (await store.graphs.create(ANN, saver.document(1), now=0)).id
        finally:
            await store.close()

    graph = asyncio.run(prepare())
    command = [sys.executable, "-m", "tests.store.saver", migrated_url, graph, "ann", "7"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # it forks: one thread
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process


def test_killed_while_saving_nothing_is_half_written(killer: subprocess.Popen[str], migrated_url: str) -> None:
    """Ten times: what was reported is there, and what was under way is there as a whole or not at all."""
    assert killer.stdin and killer.stdout
    saved = 1
    for _ in range(10):
        killer.stdin.write("\n")
        killer.stdin.flush()
        reported = int(killer.stdout.readline())
        assert reported > saved, "the child saved something"
        saved = asyncio.run(whole_saves(migrated_url, reported))


async def whole_saves(url: str, reported: int) -> int:
    """The number of the newest save, after a look at all that was saved."""
    database = Database(url)
    try:
        return await _whole_saves(Store(database, SECRET), reported)
    finally:
        await database.close()


async def _whole_saves(store: Store, reported: int) -> int:
    database = store.database
    await until_alone(database)
    async with database.read() as connection:
        if database.is_sqlite:
            assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar_one() == "ok"
        query = sa.select(graph_revisions.c.number, graph_revisions.c.document).order_by(graph_revisions.c.number)
        revisions = (await connection.execute(query)).all()
        lines = (await connection.execute(sa.select(sa.func.count()).select_from(logs))).scalar_one()
        rows = (await connection.execute(sa.select(sa.func.sum(candle_chunks.c.rows)))).scalar_one()
    head = (await store.graphs.list(ANN)).items[0].head
    candles = await store.candles.load(saver.SYMBOL, saver.TIMEFRAME)
    assert [number for number, _ in revisions] == list(range(1, head + 1))
    assert all(json.loads(text)["name"] == f"saved {number}" for number, text in revisions)
    assert reported <= head <= reported + 1
    assert len(candles.time) == rows
    assert rows % saver.BARS == 0
    assert lines % saver.LINES == 0
    return head


async def until_alone(database: Database) -> None:
    """PostgreSQL may still be busy with the last word of the killed program."""
    query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    while not database.is_sqlite:
        async with database.read() as connection:
            if (await connection.execute(query)).scalar_one() == 1:
                return
