"""What was done that matters for security: who, what, to which object, from where."""

from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.database import Database
from server.store.tables import audit, users


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log.  `user` is the name, None for somebody unknown or gone."""

    id: int
    at: int
    user_id: str | None
    user: str | None
    action: str
    object: str
    detail: dict[str, Any]
    address: str


class Audit:
    """Lines are added and read, never changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(
        self, now: int, action: str, user_id: str | None, object: str, address: str, detail: dict[str, Any]
    ) -> None:
        """Add a line.  No secret belongs into `detail`."""
        row = {"at": now, "user_id": user_id, "action": action, "object": object[:120], "detail": detail}
        async with self._db.write() as connection:
            await connection.execute(sa.insert(audit).values(**row, address=address[:64]))

    async def page(self, before: int | None, action: str | None, limit: int) -> list[Entry]:
        """Lines older than an id, the newest first."""
        query = (
            sa.select(audit, users.c.name.label("user"))
            .outerjoin(users, users.c.id == audit.c.user_id)
            .order_by(audit.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(audit.c.id < before)
        if action:
            query = query.where(audit.c.action == action)
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__}) for row in rows]

    async def actions(self) -> list[str]:
        """The actions that were ever noted."""
        query = sa.select(audit.c.action).distinct().order_by(audit.c.action)
        async with self._db.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def prune(self, before: int) -> None:
        """Drop what is older than an instant."""
        async with self._db.write() as connection:
            await connection.execute(sa.delete(audit).where(audit.c.at < before))
