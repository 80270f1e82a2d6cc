"""The events of the live channel, kept for a while so that nobody misses one."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store.database import Database
from server.store.tables import events

_IN_ORDER = 7_240_001  # the advisory lock that makes ids come in order of commit


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.  `owner` None is for everybody."""

    id: int
    at: int
    owner: str | None
    topic: str
    data: dict[str, Any]


class Events:
    """Events by id."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, topic: str, data: dict[str, Any], owner: str | None, now: int) -> Event:
        """Store an event.  Whoever has seen its id has nothing before it still to come."""
        async with self._db.write() as connection:
            return await self._add(connection, topic, data, owner, now)

    async def _add(
        self, connection: AsyncConnection, topic: str, data: dict[str, Any], owner: str | None, now: int
    ) -> Event:
        if not self._db.is_sqlite:
            # A sequence gives ids before the commit: without the lock a later id could be seen before an earlier.
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_IN_ORDER)))
        row = {"at": now, "owner_id": owner, "topic": topic, "data": data}
        number = (await connection.execute(sa.insert(events).values(row).returning(events.c.id))).scalar_one()
        return Event(id=number, at=now, owner=owner, topic=topic, data=data)

    async def after(self, last: int, owner: str, limit: int = 500) -> list[Event]:
        """What followed the event `last` for one user, in order."""
        query = (
            sa.select(events)
            .where(events.c.id > last, sa.or_(events.c.owner_id.is_(None), events.c.owner_id == owner))
            .order_by(events.c.id)
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Event(id=r.id, at=r.at, owner=r.owner_id, topic=r.topic, data=r.data) for r in rows]

    async def last(self) -> int:
        """The newest id, 0 if there is none."""
        async with self._db.read() as connection:
            return (await connection.execute(sa.select(sa.func.max(events.c.id)))).scalar() or 0

    async def prune(self, before: int) -> int:
        """Drop what is older than an instant; the newest stays, so that `last` never goes back.  Tells how many."""
        newest = sa.select(sa.func.max(events.c.id)).scalar_subquery()
        async with self._db.write() as connection:
            gone = await connection.execute(sa.delete(events).where(events.c.at < before, events.c.id < newest))
        return gone.rowcount
