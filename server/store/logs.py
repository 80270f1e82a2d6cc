"""Log lines worth keeping: warnings, errors and chosen events."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from server.store.database import Database
from server.store.tables import logs


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line.  `id` is None before it is stored."""

    at: int
    level: int
    component: str
    event: str
    message: str
    owner: str | None = None
    backtest: str | None = None
    request_id: str | None = None
    context: dict[str, Any] = {}
    stack: str | None = None
    id: int | None = None


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines to show; what is None does not matter.  `text` is looked for in message, event and request id."""

    level: int | None = None
    component: str | None = None
    text: str | None = None
    since: int | None = None
    until: int | None = None


class Logs:
    """Log lines, newest first."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, lines: Sequence[LogLine]) -> None:
        """Store a batch, all or nothing."""
        if not lines:
            return
        async with self._db.write() as connection:
            await connection.execute(sa.insert(logs), [_row(line) for line in lines])

    async def find(self, wanted: LogFilter, *, before: int | None = None, limit: int = 100) -> list[LogLine]:
        """The newest lines that match, older than the line `before`."""
        conditions = _conditions(wanted)
        if before is not None:
            conditions.append(logs.c.id < before)
        query = sa.select(logs).where(*conditions).order_by(logs.c.id.desc()).limit(limit)
        async with self._db.read() as connection:
            return [_line(row) for row in (await connection.execute(query)).all()]

    async def components(self) -> list[str]:
        """The components that have lines, in order."""
        query = sa.select(logs.c.component).distinct().order_by(logs.c.component)
        async with self._db.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def prune(self, before: int) -> int:
        """Drop what is older than an instant.  Tells how many."""
        async with self._db.write() as connection:
            return (await connection.execute(sa.delete(logs).where(logs.c.at < before))).rowcount


def _conditions(wanted: LogFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.level is not None:
        conditions.append(logs.c.level >= wanted.level)
    if wanted.component:
        conditions.append(logs.c.component == _storable(wanted.component))
    if wanted.text:
        text = _storable(wanted.text)
        places = (logs.c.message, logs.c.event, logs.c.request_id)
        conditions.append(sa.or_(*(place.icontains(text, autoescape=True) for place in places)))
    if wanted.since is not None:
        conditions.append(logs.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(logs.c.at < wanted.until)
    return conditions


def _storable(text: str) -> str:
    """What to look for; NUL, which PostgreSQL refuses in every text, as lines have it."""
    return text.replace("\0", "\\0")


def _row(line: LogLine) -> dict[str, Any]:
    return {
        "at": line.at, "level": line.level, "component": line.component, "event": line.event,
        "message": line.message, "owner_id": line.owner, "backtest_id": line.backtest,
        "request_id": line.request_id, "context": line.context, "stack": line.stack,
    }  # fmt: skip


def _line(row: Any) -> LogLine:
    return LogLine(
        id=row.id, at=row.at, level=row.level, component=row.component, event=row.event, message=row.message,
        owner=row.owner_id, backtest=row.backtest_id, request_id=row.request_id, context=row.context, stack=row.stack,
    )  # fmt: skip
