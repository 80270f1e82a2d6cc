"""The back-tests of graphs, as far as the pages of graphs show them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from server.people import User
from server.store.database import Database
from server.store.tables import backtests


class GraphRun(msgspec.Struct, frozen=True, kw_only=True):
    """A back-test in a list; `summary` are its headline figures, empty until it is done."""

    id: str
    graph_id: str
    revision: int | None
    name: str
    status: str
    created_at: int
    summary: dict[str, Any] | None

    @property
    def total_return(self) -> float | None:
        """As a share, None if it is not known."""
        value = (self.summary or {}).get("total_return")
        return float(value) if isinstance(value, int | float) else None


_COLUMNS = [backtests.c[name] for name in GraphRun.__struct_fields__]


class GraphRuns:
    """What the viewer ran."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def runs(self, graph_id: str, viewer: User, *, limit: int) -> list[GraphRun]:
        """Back-tests of a graph, newest first."""
        query = sa.select(*_COLUMNS).where(backtests.c.graph_id == graph_id, backtests.c.owner_id == viewer.id)
        query = query.order_by(backtests.c.created_at.desc(), backtests.c.id.desc()).limit(limit)
        async with self._db.read() as connection:
            return [GraphRun(**row) for row in (await connection.execute(query)).mappings()]

    async def last_runs(self, graph_ids: Sequence[str], viewer: User) -> Mapping[str, GraphRun]:
        """The last finished back-test of each of some graphs."""
        order = (backtests.c.created_at.desc(), backtests.c.id.desc())
        place = sa.func.row_number().over(partition_by=backtests.c.graph_id, order_by=order).label("place")
        done = sa.select(*_COLUMNS, place).where(
            backtests.c.graph_id.in_(graph_ids), backtests.c.owner_id == viewer.id, backtests.c.status == "done"
        )
        found = done.subquery()
        query = sa.select(*(found.c[name] for name in GraphRun.__struct_fields__)).where(found.c.place == 1)
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).mappings()
            return {run.graph_id: run for run in (GraphRun(**row) for row in rows)}
