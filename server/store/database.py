"""The one door to the database: connections, transactions, and limits that cannot be exceeded.

Repositories open a transaction, speak to the database and close it before they return: no connection ever leaves
`server/store`, so none can be held across an await on anything else.  A gate in front of the pool lets in as many as
there are connections; the others wait their turn, and the pool never runs out.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import InputError

POOL = 8  # connections per process
_BUSY_MS = 10_000  # how long SQLite waits for another process that writes


class Database:
    """An async engine with its rules.  `url` is `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`."""

    def __init__(self, url: str, *, pool: int = POOL) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _engine(self.url, pool)
        self._gate = asyncio.Semaphore(pool)
        self._closing: set[asyncio.Future[None]] = set()  # held, or they might vanish half-way
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
        opening = asyncio.ensure_future(self._open())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._give_back)
            raise
        try:
            yield connection
        finally:
            await asyncio.shield(connection.close())

    async def _open(self) -> AsyncConnection:
        return await self.engine.connect()

    def _give_back(self, opening: asyncio.Future[AsyncConnection]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            closing = asyncio.ensure_future(opening.result().close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


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
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=pool, max_overflow=0, pool_pre_ping=True)
    engine = create_async_engine(url, pool_size=pool, max_overflow=0, poolclass=sa.AsyncAdaptedQueuePool)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


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
