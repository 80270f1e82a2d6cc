"""The one door to the database: connections, transactions, and limits that cannot be exceeded.

Repositories open a transaction, speak to the database and close it before they return: no connection ever leaves
`server/store`, so none can be held across an await on anything else.  A gate in front of the pool lets in as many as
there are connections; the others wait their turn, and the pool never runs out.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import InputError

POOL = 8  # connections per process
_BUSY_MS = 10_000  # how long SQLite waits for another process that writes
_CONNECT = 10.0  # seconds that a PostgreSQL server may take to let us in; the driver would wait for a minute
_SQLITE_AWAY = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
)


class Database:
    """An async engine with its rules.  `url` is `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str, *, pool: int = POOL) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _engine(self.url, pool)
        self._gate = asyncio.Semaphore(pool)
        self._under_way: set[asyncio.Future[Any]] = set()  # held, or they might vanish half-way
        # SQLite has one writer: waiting for it here costs nothing, waiting inside SQLite blocks a connection.
        self._writer: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if self.is_sqlite else contextlib.nullcontext()
        )

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection to read with."""
        async with self._gate, self._connected() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction: committed at the end, rolled back after an error."""
        async with self._writer, self._gate, self._connected() as connection:
            if self.is_sqlite:  # take the write lock now, not at the first write: no deadlock between two readers
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            await connection.commit()

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection]:
        """A connection of the pool.  One that opens while its caller is cancelled is given back all the same."""
        opening = self._held(opened(self.engine))
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._give_back)
            raise
        try:
            yield connection
        finally:
            await asyncio.shield(self._held(connection.close()))

    def _held[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _give_back(self, opening: asyncio.Future[AsyncConnection]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._held(opening.result().close())

    async def close(self) -> None:
        """Give all connections back, also those that open or close for callers that were cancelled."""
        while self._under_way:
            await asyncio.wait([*self._under_way])
            await asyncio.sleep(0)  # what was opened begins to close
        await self.engine.dispose()


async def opened(engine: AsyncEngine) -> AsyncConnection:
    """A connection; what drivers raise while they connect is their own, or the system's, and becomes one kind."""
    try:
        return await engine.connect()
    except SQLAlchemyError:
        raise
    except Exception as error:
        raise OperationalError(None, None, error, connection_invalidated=True) from error


def is_away(error: BaseException) -> bool:
    """Whether the database cannot be reached or cannot work now, rather than that it did not like what we said.

    PostgreSQL: 08 connection, 53 resources, 55P03 lock, 57P end of the server, 58 system.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout)
    if error.connection_invalidated or isinstance(error.orig, OSError):
        return True
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # what is above tells details
    return code in _SQLITE_AWAY or sql_state(error).startswith(("08", "53", "55P03", "57P", "58"))


def sql_state(error: DBAPIError) -> str:
    """The SQLSTATE, which only PostgreSQL tells."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def database_url(text: str | None, folder: Path) -> str:
    """The URL with its driver; without one, the embedded database in the data folder.

    `postgres://` and `postgresql://` are what people have in `DATABASE_URL`.  Raises InputError for another database.
    """
    if not text:
        return f"sqlite+aiosqlite:///{folder / 'tradegraph.db'}"
    scheme, separator, rest = text.partition("://")
    drivers = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
    drivers |= {driver: driver for driver in drivers.values()}
    if not separator or scheme not in drivers:
        raise InputError("DATABASE_URL must begin with postgresql:// or sqlite:///; other databases are not supported")
    return f"{drivers[scheme]}://{rest}"


def _engine(url: sa.URL, pool: int) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, pool_size=pool, max_overflow=0, poolclass=sa.AsyncAdaptedQueuePool)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    else:
        patience = {"timeout": _CONNECT} if "timeout" not in url.query else {}
        engine = create_async_engine(url, pool_size=pool, max_overflow=0, pool_pre_ping=True, connect_args=patience)
    event.listen(engine.sync_engine, "before_cursor_execute", _check_values)
    return engine


def _check_values(_connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, many: bool) -> None:
    """What one of the two databases would not take, neither takes.  Raises InputError."""
    for row in parameters if many else (parameters,):
        for value in row:
            if isinstance(value, str) and "\0" in value:
                shown = ascii(value[:60])
                raise InputError(f"the text {shown} has a NUL character in it, which cannot be stored; leave it out")
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise InputError(f"the number {str(value)[:30]} is too large; give one of at most 18 digits")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL, foreign keys, patience; and no transactions but the ones we begin (the driver's own begin too late)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_MS}",
        "cache_size = -32000", "temp_store = MEMORY", "mmap_size = 268435456",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
