"""Brings a database up to the tables this program knows, by the one history in `migrations/`.

There is no way down: a database that was upgraded is used by this program or a newer one.  Copy it before.
"""

import contextlib
from collections.abc import AsyncGenerator
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import InputError
from server.store.database import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_ALONE = 7_240_000  # the advisory lock of whoever upgrades


async def upgrade(database: Database) -> list[str]:
    """Apply what is missing, all or nothing, and tell which revisions.  Two programs at once wait for each other.

    Raises InputError for a database that a newer program has upgraded.
    """
    async with _alone(database) as connection:
        return await connection.run_sync(_upgrade, database)


async def pending(database: Database) -> list[str]:
    """The revisions that `upgrade` would apply."""
    async with database.read() as connection:
        return await connection.run_sync(_pending, database)


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings; there is no alembic.ini."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    found.set_main_option("path_separator", "os")
    return found


def _upgrade(connection: sa.Connection, database: Database) -> list[str]:
    missing = _pending(connection, database)
    if missing:
        command.upgrade(config(connection), "head")
    return missing


def _pending(connection: sa.Connection, database: Database) -> list[str]:
    history = _history(MIGRATIONS)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return history
    if current not in history:
        where = database.url.render_as_string(hide_password=True)
        raise InputError(
            f"the database {where} is at revision {current}, which this Tradegraph does not know: a newer one has"
            " upgraded it; update Tradegraph, or use another database"
        )
    return history[history.index(current) + 1 :]


@cache
def _history(_folder: Path) -> list[str]:
    """All revisions, the oldest first.  Read once: each look would compile every migration anew."""
    return [revision.revision for revision in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


@contextlib.asynccontextmanager
async def _alone(database: Database) -> AsyncGenerator[AsyncConnection]:
    """A transaction in which nobody else upgrades."""
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE)))
            yield connection
            await connection.commit()
            return
        # SQLite alters a table by dropping it, and dropping it would delete what refers to it.
        await _pragma(connection, "foreign_keys = OFF")
        try:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            broken: Any = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
            if broken:
                raise InputError(f"the upgrade was undone: rows of {broken[0][0]} refer to nothing; report this")
            await connection.commit()
        finally:
            await connection.rollback()
            await _pragma(connection, "foreign_keys = ON")


async def _pragma(connection: AsyncConnection, text: str) -> None:
    """Set a PRAGMA outside of transactions, where alone it works."""
    await connection.exec_driver_sql(f"PRAGMA {text}")
    await connection.rollback()
