"""What a run may take, and what becomes of it while the database is away."""

import asyncio

import pytest
import sqlalchemy as sa

from server.backtests import frames
from server.backtests.limits import Limits
from server.clock import now
from server.live import Live
from server.store.database import Database
from server.store.graphs import seed_built_ins
from server.store.store import Store
from server.store.tables import backtests
from tests.backtests.conftest import LONG, SHORT, person
from tests.backtests.started import Started
from tests.conftest import SECRET, PostgresDatabases
from tests.databases import PostgreSQL


async def limited(store: Store, limits: Limits) -> Started:
    await seed_built_ins(store)
    await store.candles.add(LONG)
    await store.candles.add(SHORT)
    started = Started(store, Live(store.events, now), await person(store, "Anna"), limits)
    await started.service.start()
    return started


async def test_a_run_that_takes_too_long_is_ended(sqlite_store: Store) -> None:
    started = await limited(sqlite_store, Limits(minutes=0.001))
    try:
        found = await started.ended(await started.submit(LONG))
        assert found.status == "failed" and found.error
        assert found.error["code"] == "deadline" and "longer than the 0.001 minutes" in found.error["message"]
        assert await started.parts(found.id) == [0, 0, 0]
    finally:
        await started.service.stop()


async def test_a_run_that_needs_too_much_memory_says_so_and_the_next_one_gets_its_turn(sqlite_store: Store) -> None:
    started = await limited(sqlite_store, Limits(memory_mb=100))
    try:
        for run in [await started.submit(LONG, "hh_ll"), await started.submit(SHORT)]:
            found = await started.ended(run)
            assert found.status == "failed" and found.error, "100 MiB hold little more than the libraries"
            assert found.error["code"] in ("memory", "worker") and "allow more memory" in found.error["message"]
    finally:
        await started.service.stop()


async def test_one_that_was_cancelled_before_it_began_to_run_takes_no_time(
    started_on_sqlite: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, claim = started_on_sqlite.store.backtests, started_on_sqlite.store.backtests.claim

    async def claimed(at: int) -> object:
        run = await claim(at)
        if run is not None and run.name == "to be cancelled":
            await rows.cancel(run.id, started_on_sqlite.owner, at)
        return run

    monkeypatch.setattr(rows, "claim", claimed)
    run = await started_on_sqlite.submit(LONG, name="to be cancelled")
    assert (await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))).status == "done"
    told = [event.data for event in await started_on_sqlite.store.events.after(0, started_on_sqlite.owner.id)]
    assert [one["status"] for one in told if one["id"] == run] == ["queued"], "nothing more is told of it"


async def test_a_database_that_is_away_for_a_while_costs_no_run(postgres: PostgreSQL, postgres_template: str) -> None:
    databases = PostgresDatabases(postgres.url("postgres"))
    name = await databases.make(postgres_template)
    store = Store(Database(databases.url(name)), SECRET)
    started = await limited(store, Limits())
    try:
        run = await started.submit(LONG)
        await started.until(run, "columns", "matching", "metrics", "trace")
        await asyncio.to_thread(postgres.ask, "stop")
        waits = await started.service.workers[0].ask(frames.Why(id="-", market=0, row=0))  # the turn after the run
        assert isinstance(waits, frames.Absent)
        await asyncio.to_thread(postgres.ask, "start")
        found = await started.ended(run)
        assert found.status == "done", found.error
        assert all(await started.parts(run))
        async with store.database.read() as connection:
            assert (await connection.execute(sa.select(sa.func.count()).select_from(backtests))).scalar() == 1
    finally:
        await asyncio.to_thread(postgres.ask, "stop")
        await started.service.stop()  # without a word: there is nobody to tell
        await asyncio.to_thread(postgres.ask, "start")
        await store.close()
        await databases.drop(name)
