"""Settings of the installation, by key.  What keys there are and what they mean says `server/accounts/options.py`."""

from typing import Any

import sqlalchemy as sa

from server.store.database import Database
from server.store.tables import settings


class StoredSettings:
    """Values by key."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def all(self) -> dict[str, Any]:
        """Every stored value."""
        async with self._db.read() as connection:
            rows = (await connection.execute(sa.select(settings.c.key, settings.c.value))).all()
        return {row.key: row.value for row in rows}

    async def put(self, values: dict[str, Any], by: str | None, now: int) -> None:
        """Store values, all or none."""
        async with self._db.write() as connection:
            for key, value in values.items():
                row = {"value": value, "updated_at": now, "updated_by": by}
                done = await connection.execute(sa.update(settings).where(settings.c.key == key).values(row))
                if not done.rowcount:
                    await connection.execute(sa.insert(settings).values(key=key, **row))
