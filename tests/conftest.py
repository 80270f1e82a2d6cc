"""Fixtures for everything that needs a database.

`database` is an empty migrated `Database`, `store` the `Store` on it; a test that takes one of them runs twice, on
SQLite and on PostgreSQL, with a database of its own each time.  `sqlite_database` and `sqlite_store` are the same on
SQLite alone, for what does not depend on the database.  Test functions and fixtures may be `async def` as they are: no
mark is needed, and test and fixtures share one event loop.

    async def test_ids_count_up(store: Store) -> None:
        assert (await store.events.add("a", {}, None, now=1)).id == 1

PostgreSQL is started at the first test that needs it and ends with the tests (`tests/databases.py`).  With DATABASE_URL
in the environment, that server is used: databases named tradegraph_test_… are made there and removed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import PostgreSQL, postgresql

if TYPE_CHECKING:  # a test without a database pays for none
    from server.store.database import Database
    from server.store.store import Store

SECRET = bytes(range(32))
_GIVEN = "TRADEGRAPH_TEST_DATABASE"  # where DATABASE_URL is kept for xdist's workers: no test may meet it by chance

if "DATABASE_URL" in os.environ:
    os.environ[_GIVEN] = os.environ.pop("DATABASE_URL")


def pytest_configure(config: pytest.Config) -> None:
    """Async tests need no mark."""
    config.option.anyio_mode = "auto"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def in_a_thread[T](work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, from code that is not async.  In this thread a loop may run: playwright has one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


class PostgresDatabases:
    """Makes and removes databases on a server."""

    def __init__(self, url: str) -> None:
        from sqlalchemy import make_url

        self._url = make_url(url)

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    async def make(self, template: str = "template0") -> str:
        name = f"tradegraph_test_{secrets.token_hex(6)}"
        await self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    async def drop(self, name: str) -> None:
        await self._say(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _say(self, sql: str) -> None:
        import asyncpg

        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(address)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgreSQL]:
    """A server of our own, which a test may stop and start."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_databases(request: pytest.FixtureRequest) -> PostgresDatabases:
    """Where PostgreSQL databases for tests are made."""
    if given := os.environ.get(_GIVEN):
        from server.store.database import database_url

        return PostgresDatabases(database_url(given, Path()))
    return PostgresDatabases(request.getfixturevalue("postgres").url("postgres"))


async def _migrated(url: str) -> None:
    from server.store.database import Database
    from server.store.upgrade import upgrade

    database = Database(url)
    await upgrade(database)
    await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "tradegraph.db"
    in_a_thread(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_databases: PostgresDatabases) -> Generator[str]:
    """The name of a migrated PostgreSQL database to copy."""

    async def make() -> str:
        name = await postgres_databases.make()
        await _migrated(postgres_databases.url(name))
        return name

    name = in_a_thread(make())
    yield name
    in_a_thread(postgres_databases.drop(name))


@contextlib.asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[Database]:
    from server.store.database import Database

    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated SQLite database of the test's own."""
    file = tmp_path / "tradegraph.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> Generator[str]:
    """The address of a migrated database of the test's own."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    name = in_a_thread(databases.make(request.getfixturevalue("postgres_template")))
    yield databases.url(name)
    in_a_thread(databases.drop(name))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    name = in_a_thread(databases.make())
    yield databases.url(name)
    in_a_thread(databases.drop(name))


@pytest.fixture
async def database(migrated_url: str) -> AsyncGenerator[Database]:
    async with _opened(migrated_url) as opened:
        yield opened


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncGenerator[Database]:
    async with _opened(sqlite_url) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    from server.store.store import Store

    return Store(database, SECRET)


@pytest.fixture
def sqlite_store(sqlite_database: Database) -> Store:
    from server.store.store import Store

    return Store(sqlite_database, SECRET)
