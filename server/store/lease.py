"""One server per database: who serves holds a lock that vanishes with its process, however that ends.

The start of a server says of every back-test that still runs that it was interrupted; with another server alive that
would be a lie.  SQLite: a lock of the operating system on a file beside the database.  PostgreSQL: an advisory lock on
a connection of its own, taken again when the database was restarted.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from engine.errors import InputError
from server.store.database import Database, opened

_LOCK = 7_240_002  # the advisory lock of whoever serves
_PATIENCE, _STEP = 3.0, 0.1  # seconds: a server that was killed just now is gone in less
_LOOK = 5.0  # seconds between two looks whether the lock is still held
_log = logging.getLogger("tradegraph.server")


class Lease:
    """The right to serve on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: int | None = None
        self._engine = None if database.is_sqlite else create_async_engine(database.url, poolclass=sa.NullPool)
        self._connection: AsyncConnection | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Raises InputError if another server is alive, and what the driver raises if the database is away."""
        until = asyncio.get_running_loop().time() + _PATIENCE
        while not await self._try():
            if asyncio.get_running_loop().time() > until:
                where = self._database.url.render_as_string(hide_password=True)
                raise InputError(
                    f"another Tradegraph server runs on the database {where}; end it first, or use another database"
                )
            await asyncio.sleep(_STEP)
        if self._engine is not None:
            self._keeping = asyncio.create_task(self._keep(), name="lease")

    async def release(self) -> None:
        """Let another server start."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        await self._drop()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _try(self) -> bool:
        return self._lock_file() if self._engine is None else await self._lock_row()

    def _lock_file(self) -> bool:
        name = self._database.url.database
        if not name or name == ":memory:":
            return True  # nobody else can see it
        file = os.open(Path(f"{Path(name).resolve()}.server"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    async def _lock_row(self) -> bool:
        assert self._engine is not None
        if self._connection is None:
            connection = await opened(self._engine)
            self._connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        return bool((await self._connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))).scalar())

    async def _keep(self) -> None:
        """The lock goes with its connection; after a restart of the database it is taken again."""
        is_held = True
        while True:
            await asyncio.sleep(_LOOK)
            try:
                if is_held and self._connection is not None:
                    await self._connection.execute(sa.select(1))
                    continue
                is_held = await self._try()
                if not is_held:
                    _log.critical(
                        "another server has started on this database while it was away; end one of the two",
                        extra={"event": "two_servers"},
                    )
            except Exception as error:
                _log.warning("the database does not answer (%s)", error, extra={"event": "lease_lost"})
                is_held = False
                await self._drop()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # it is broken; what matters is that it is gone
                await connection.close()
