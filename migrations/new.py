"""`python migrations/new.py "What changes"`: writes the next revision, the difference between history and tables.

Read what it wrote: a renamed column comes out as one dropped and one added.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from server.store.database import Database
from server.store.upgrade import config, upgrade


async def write(message: str) -> None:
    """Compare the tables with an empty database that the history so far was applied to."""
    number = len(list(ScriptDirectory.from_config(config()).walk_revisions())) + 1
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'empty.db'}")
        await upgrade(database)
        async with database.read() as connection:
            await connection.run_sync(
                lambda plain: command.revision(config(plain), message, autogenerate=True, rev_id=f"{number:04}")
            )
        await database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    asyncio.run(write(sys.argv[1]))
