"""`tradegraph db`: the database itself."""

import argparse
import asyncio
import sys

import msgspec
from sqlalchemy.exc import DBAPIError

from engine.errors import EngineError, InputError
from server.settings import load
from server.store.database import Database, database_url
from server.store.upgrade import upgrade


def run_upgrade(options: argparse.Namespace) -> int:
    """Bring the tables up to date and say what was done."""
    settings = load()
    if not settings.database:
        settings.folder.mkdir(parents=True, exist_ok=True)
    database = Database(database_url(settings.database, settings.folder), pool=1)
    where = database.url.render_as_string(hide_password=True)
    applied = asyncio.run(_upgrade(database, where))
    if options.json:
        sys.stdout.write(msgspec.json.encode({"database": where, "applied": applied}).decode() + "\n")
    else:
        print(f"{where}: {'applied ' + ', '.join(applied) if applied else 'up to date'}")
    return 0


async def _upgrade(database: Database, where: str) -> list[str]:
    try:
        return await upgrade(database)
    except EngineError:
        raise
    except (DBAPIError, OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        place = "TRADEGRAPH_HOME" if database.is_sqlite else "DATABASE_URL"
        raise InputError(
            f"the database {where} cannot be upgraded ({reason}); check {place}, nothing was changed"
        ) from None
    finally:
        await database.close()
