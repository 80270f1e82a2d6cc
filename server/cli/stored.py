"""The store for programs without an event loop: opened, brought up to date, used for one piece of work, closed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from engine.errors import EngineError, InputError
from server.settings import load
from server.store.database import Database, database_url
from server.store.upgrade import pending, upgrade


def on_database[T](work: Callable[[Database], Awaitable[T]]) -> T:
    """What `work` gives, done on the database that the settings name, as the server does.

    Raises InputError if the database cannot be used.
    """
    return asyncio.run(_run(work))


async def _run[T](work: Callable[[Database], Awaitable[T]]) -> T:
    database = await _opened()
    try:
        return await work(database)
    except DBAPIError as error:
        raise _unusable(database, error) from None
    finally:
        await database.close()


async def _opened() -> Database:
    settings = load()
    database = Database(database_url(settings.database, settings.folder), pool=1)
    if not settings.database:
        _make(settings.folder)
    try:
        if await pending(database):  # asked first: an upgrade waits for whoever writes
            await upgrade(database)
    except EngineError:
        raise
    except Exception as error:  # drivers have no common root of what goes wrong while they connect
        raise _unusable(database, error) from None
    return database


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{folder} cannot be written ({reason}); set TRADEGRAPH_HOME to another place") from None


def _unusable(database: Database, error: Exception) -> InputError:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    reason = " ".join(str(cause).split())[:200] or type(cause).__name__
    where = database.url.render_as_string(hide_password=True)
    place = "TRADEGRAPH_HOME" if database.is_sqlite else "DATABASE_URL"
    return InputError(f"the database {where} cannot be used ({reason}); check {place} and try again")
