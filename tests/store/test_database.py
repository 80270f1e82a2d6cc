"""The door to the database: transactions whole or not at all, and never more connections than allowed."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from engine.errors import InputError
from server.store.database import Database, database_url
from server.store.tables import settings

Row = dict[str, object]


def row(key: str, value: object = 1) -> Row:
    return {"key": key, "value": value, "updated_at": 0}


async def keys(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(sa.select(settings.c.key).order_by(settings.c.key))).scalars())


async def test_a_write_is_committed_at_its_end(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(sa.insert(settings).values(row("a")))
        assert await keys(database) == [], "nobody else sees it before"
    assert await keys(database) == ["a"]


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await connection.execute(sa.insert(settings).values(row("a")))
            raise ZeroDivisionError
    async with database.write() as connection:
        await connection.execute(sa.insert(settings).values(row("b")))
    assert await keys(database) == ["b"]


async def test_a_write_that_is_cancelled_leaves_nothing(database: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(sa.insert(settings).values(row("a")))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await keys(database) == []
    async with database.write() as connection:
        await connection.execute(sa.insert(settings).values(row("b")))
    assert await keys(database) == ["b"]


async def test_numbers_come_back_bit_by_bit(database: Database) -> None:
    value = {"double": 0.1 + 0.2, "large": 2**53 + 1, "small": 5e-324, "text": "é\U0001f680", "none": None}
    async with database.write() as connection:
        await connection.execute(sa.insert(settings).values(row("a", value)))
    async with database.read() as connection:
        assert (await connection.execute(sa.select(settings.c.value))).scalar_one() == value


async def test_two_programs_on_one_file_wait_for_each_other(migrated_url: str) -> None:
    """Each counts up what it reads; without the lock taken at the beginning, one would fail or overwrite."""
    programs = [Database(migrated_url) for _ in range(3)]
    async with programs[0].write() as connection:
        await connection.execute(sa.insert(settings).values(row("n", 0)))
    query = sa.select(settings.c.value).where(settings.c.key == "n").with_for_update()

    async def count_up(database: Database) -> None:
        async with database.write() as connection:
            value = (await connection.execute(query)).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(sa.update(settings).values(value=value + 1))

    await asyncio.gather(*(count_up(programs[n % 3]) for n in range(30)))
    async with programs[0].read() as connection:
        assert (await connection.execute(query)).scalar_one() == 30
    for database in programs:
        await database.close()


async def test_sqlite_is_set_up(sqlite_database: Database) -> None:
    told: dict[str, object] = {}
    async with sqlite_database.read() as connection:
        for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout"):
            told[name] = (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
    assert told == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 10_000}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (None, "sqlite+aiosqlite:////data/tradegraph.db"),
        ("", "sqlite+aiosqlite:////data/tradegraph.db"),
        ("postgres://u:p@host/db", "postgresql+asyncpg://u:p@host/db"),
        ("postgresql://u:p@host:5433/db?ssl=require", "postgresql+asyncpg://u:p@host:5433/db?ssl=require"),
        ("postgresql+asyncpg://host/db", "postgresql+asyncpg://host/db"),
        ("sqlite:////x.db", "sqlite+aiosqlite:////x.db"),
    ],
)
def test_addresses(given: str | None, url: str) -> None:
    assert database_url(given, Path("/data")) == url


@pytest.mark.parametrize("given", ["mysql://host/db", "nonsense", "://", "redis://x"])
def test_other_databases_are_refused(given: str) -> None:
    with pytest.raises(InputError, match="DATABASE_URL must begin with postgresql:// or sqlite:///"):
        database_url(given, Path("/data"))


@pytest.mark.parametrize("value", [{"key": "a\0b"}, {"updated_at": 10**30}])
async def test_what_one_database_cannot_store_neither_takes(database: Database, value: Row) -> None:
    with pytest.raises(InputError, match=r"NUL character|too large"):
        async with database.write() as connection:
            await connection.execute(sa.insert(settings).values(row("a") | value))
    with pytest.raises(InputError, match=r"NUL character|too large"):
        async with database.write() as connection:
            await connection.execute(sa.insert(settings), [row("b"), row("c") | value])
    assert await keys(database) == []


async def test_a_server_that_is_not_there_is_told_as_a_lost_connection(tmp_path: Path) -> None:
    """The driver raises whatever the system raises; callers know one kind."""
    away = Database(f"postgresql+asyncpg://postgres@/x?host={tmp_path}")
    with pytest.raises(OperationalError) as told:
        async with away.read():
            pass
    assert told.value.connection_invalidated and isinstance(told.value.orig, OSError)
    await away.close()


async def test_nothing_goes_on_after_the_close_whenever_callers_were_cancelled(migrated_url: str) -> None:
    database, before = Database(migrated_url, pool=4), asyncio.all_tasks()

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(sa.select(settings.c.key))

    for steps in range(60):  # each is cancelled somewhat later in its life
        tasks = [asyncio.create_task(read()) for _ in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
    assert asyncio.all_tasks() == before
