"""Back-tests in the database: the queue, what became of each run, and everything that was computed.

A run is written in one transaction that first checks that it is still the run that was claimed: nothing is ever
half-written, and a run that was cancelled meanwhile leaves nothing behind.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.errors import Conflict, NotFound
from server.people import User
from server.store.database import Database
from server.store.outcome import Finished, Trace, TradeRow
from server.store.tables import backtest_columns as columns
from server.store.tables import backtest_traces as traces
from server.store.tables import backtest_trades as trades
from server.store.tables import backtests

Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ACTIVE = ("queued", "running")
_BATCH = 5_000  # rows per statement


class BacktestHead(msgspec.Struct, frozen=True, kw_only=True):
    """A back-test as lists show it; `summary` holds the headline figures once it is done, `error` what went wrong."""

    id: str
    owner_id: str
    graph_id: str | None
    revision: int | None
    name: str
    logic_hash: str
    request: dict[str, Any]
    status: Status
    stage: str
    progress: float
    error: dict[str, Any] | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    seconds: float | None
    summary: dict[str, Any] | None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ACTIVE


class StoredBacktest(BacktestHead, frozen=True, kw_only=True):
    """A back-test with the graph as it ran and, once it is done, all figures."""

    document: str
    result: dict[str, Any] | None


class BacktestPage(msgspec.Struct, frozen=True):
    """A part of the list and the cursor of the next one, None at the end."""

    items: list[BacktestHead]
    next: str | None


_HEAD = [backtests.c[name] for name in BacktestHead.__struct_fields__]
_NEWEST = (backtests.c.created_at.desc(), backtests.c.id.desc())


class BacktestRows:
    """Back-tests by id.  What is not the viewer's is not there."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # --- the queue ----------------------------------------------------------------------------------------------------

    async def add(self, new: StoredBacktest) -> None:
        """Put a back-test into the queue."""
        async with self._db.write() as connection:
            await connection.execute(sa.insert(backtests).values(**msgspec.structs.asdict(new)))

    async def waiting(self, owner_id: str) -> int:
        """How many back-tests of somebody wait or run."""
        query = sa.select(sa.func.count()).where(backtests.c.owner_id == owner_id, backtests.c.status.in_(ACTIVE))
        async with self._db.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def claim(self, now: int) -> StoredBacktest | None:
        """The oldest that waits, now running; None if none waits."""
        oldest = sa.select(backtests.c.id).where(backtests.c.status == "queued")
        oldest = oldest.order_by(backtests.c.created_at, backtests.c.id).limit(1)
        async with self._db.write() as connection:
            found = (await connection.execute(oldest.with_for_update(skip_locked=True))).scalar()
            if found is None:
                return None
            values = {"status": "running", "started_at": now, "stage": "candles", "progress": 0.0}
            await connection.execute(sa.update(backtests).where(backtests.c.id == found).values(values))
            return await _one(connection, backtests.c.id == found)

    async def advance(self, run: StoredBacktest, stage: str, progress: float) -> bool:
        """Note how far a run has come; False if it is not running any more."""
        async with self._db.write() as connection:
            noted = await connection.execute(_still(run).values(stage=stage, progress=progress))
            return noted.rowcount == 1

    async def finish(self, run: StoredBacktest, done: Finished, now: int) -> bool:
        """Write everything a run gave; False, and nothing written, if it is not running any more."""
        values = {
            "status": "done", "stage": "done", "progress": 1.0, "finished_at": now, "seconds": done.seconds,
            "summary": done.summary, "result": done.result,
        }  # fmt: skip
        async with self._db.write() as connection:
            updated = await connection.execute(_still(run).values(values))
            if updated.rowcount != 1:
                return False
            kept = [{"backtest_id": run.id, "name": name, "data": data} for name, data in done.columns.items()]
            await _insert(connection, columns, kept)
            await _insert(connection, trades, [_trade_values(run.id, trade) for trade in done.trades])
            await _write_traces(connection, run.id, done.traces)
            return True

    async def fail(self, run: StoredBacktest, error: dict[str, Any], now: int) -> bool:
        """Note that a run failed and why; False if it is not running any more."""
        async with self._db.write() as connection:
            done = await connection.execute(_still(run).values(status="failed", error=error, finished_at=now))
            return done.rowcount == 1

    async def interrupt(self, error: dict[str, Any], now: int) -> Sequence[BacktestHead]:
        """Mark everything that runs as interrupted; who does that knows that no worker is left."""
        running = sa.select(*_HEAD).where(backtests.c.status == "running")
        async with self._db.write() as connection:
            found = [BacktestHead(**row) for row in (await connection.execute(running)).mappings()]
            change = sa.update(backtests).where(backtests.c.status == "running")
            await connection.execute(change.values(status="interrupted", error=error, finished_at=now))
        return [msgspec.structs.replace(head, status="interrupted", error=error, finished_at=now) for head in found]

    async def cancel(self, backtest_id: str, viewer: User, now: int) -> StoredBacktest:
        """Take a back-test out of the queue, or stop counting on its run.  Raises Conflict if it has ended."""
        async with self._db.write() as connection:
            found = await _one(connection, _of(backtest_id, viewer))
            change = sa.update(backtests).where(backtests.c.id == found.id, backtests.c.status.in_(ACTIVE))
            if (await connection.execute(change.values(status="cancelled", finished_at=now))).rowcount != 1:
                raise Conflict(f"this back-test has ended already ({found.status}); there is nothing to cancel")
            return await _one(connection, _of(backtest_id, viewer))

    # --- looking ------------------------------------------------------------------------------------------------------

    async def find(self, backtest_id: str, viewer: User) -> StoredBacktest:
        """A back-test.  Raises NotFound also if it is somebody else's."""
        async with self._db.read() as connection:
            return await _one(connection, _of(backtest_id, viewer))

    async def list(
        self, viewer: User, *, graph: str = "", status: str = "", after: str = "", limit: int = 50
    ) -> BacktestPage:
        """Back-tests, newest first; `after` is the `next` of a page.  `status` "active" is waiting or running."""
        query = sa.select(*_HEAD).where(backtests.c.owner_id == viewer.id)
        if graph:
            query = query.where(backtests.c.graph_id == graph)
        if status:
            wanted = ACTIVE if status == "active" else (status,)
            query = query.where(backtests.c.status.in_(wanted))
        if after:
            created, _, last = after.partition(".")
            at = int(created) if created.isascii() and created.isdigit() and len(created) < 19 else 0
            query = query.where(
                sa.tuple_(backtests.c.created_at, backtests.c.id) < sa.tuple_(sa.literal(at), sa.literal(last))
            )
        async with self._db.read() as connection:
            rows = (await connection.execute(query.order_by(*_NEWEST).limit(limit + 1))).mappings().all()
        items = [BacktestHead(**row) for row in rows[:limit]]
        return BacktestPage(items, f"{items[-1].created_at}.{items[-1].id}" if len(rows) > limit else None)

    async def graphs(self, viewer: User) -> Sequence[tuple[str, str]]:
        """Ids of the graphs the viewer has run, each with the name of its newest back-test's graph."""
        from server.store.tables import graphs

        query = sa.select(graphs.c.id, graphs.c.name).where(
            graphs.c.id.in_(sa.select(backtests.c.graph_id).where(backtests.c.owner_id == viewer.id))
        )
        async with self._db.read() as connection:
            return [(row.id, row.name) for row in await connection.execute(query.order_by(graphs.c.name))]

    async def trades(self, backtest_id: str, viewer: User, *, after: int = 0, limit: int = 1000) -> Sequence[TradeRow]:
        """Trades behind a number, without their slices."""
        query = sa.select(trades.c.number, trades.c.row).where(trades.c.backtest_id == backtest_id)
        query = query.where(trades.c.number > after).order_by(trades.c.number).limit(limit)
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return [TradeRow(**row) for row in (await connection.execute(query)).mappings()]

    async def trade(self, backtest_id: str, viewer: User, number: int) -> TradeRow:
        """One trade with its slice.  Raises NotFound."""
        wanted = (trades.c.backtest_id == backtest_id, trades.c.number == number)
        query = sa.select(trades.c.number, trades.c.row, trades.c.slice).where(*wanted)
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise NotFound(f"this back-test has no trade {number}")
        return TradeRow(**row)

    async def columns(self, backtest_id: str, viewer: User, names: Sequence[str]) -> dict[str, bytes]:
        """Stored columns by name, those that are there."""
        query = sa.select(columns.c.name, columns.c.data).where(
            columns.c.backtest_id == backtest_id, columns.c.name.in_(names)
        )
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return {row.name: row.data for row in await connection.execute(query)}

    async def columns_like(self, backtest_id: str, viewer: User, prefix: str) -> dict[str, bytes]:
        """Stored columns whose names begin alike."""
        query = sa.select(columns.c.name, columns.c.data).where(
            columns.c.backtest_id == backtest_id, columns.c.name.startswith(prefix, autoescape=True)
        )
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return {row.name: row.data for row in await connection.execute(query)}

    async def chunk(self, backtest_id: str, viewer: User, market: int, number: int) -> dict[str, bytes]:
        """What all wires carried over one chunk of bars."""
        query = sa.select(traces.c.wire, traces.c.data).where(
            traces.c.backtest_id == backtest_id, traces.c.market == market, traces.c.chunk == number
        )
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return {row.wire: row.data for row in await connection.execute(query)}

    async def wire(self, backtest_id: str, viewer: User, market: int, wire: str) -> Sequence[bytes]:
        """All chunks of one wire."""
        query = sa.select(traces.c.data).where(
            traces.c.backtest_id == backtest_id, traces.c.market == market, traces.c.wire == wire
        )
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return (await connection.execute(query.order_by(traces.c.chunk))).scalars().all()

    async def trace_size(self, backtest_id: str, viewer: User) -> int:
        """Bytes of the stored trace, 0 if there is none."""
        query = sa.select(sa.func.sum(sa.func.length(traces.c.data))).where(traces.c.backtest_id == backtest_id)
        async with self._db.read() as connection:
            await _check(connection, backtest_id, viewer)
            return int((await connection.execute(query)).scalar() or 0)

    # --- removing -----------------------------------------------------------------------------------------------------

    async def delete(self, backtest_id: str, viewer: User) -> None:
        """Remove a back-test with all that belongs to it.  Raises Conflict while it waits or runs."""
        async with self._db.write() as connection:
            found = await _one(connection, _of(backtest_id, viewer))
            gone = sa.delete(backtests).where(backtests.c.id == found.id, backtests.c.status.not_in(ACTIVE))
            if (await connection.execute(gone)).rowcount != 1:
                raise Conflict("this back-test is under way; cancel it first")

    async def drop_trace(self, backtest_id: str, viewer: User) -> int:
        """Remove what the wires carried, keep the rest.  Tells how many rows went."""
        async with self._db.write() as connection:
            await _check(connection, backtest_id, viewer)
            gone = await connection.execute(sa.delete(traces).where(traces.c.backtest_id == backtest_id))
        return gone.rowcount


def _of(backtest_id: str, viewer: User) -> sa.ColumnElement[bool]:
    return sa.and_(backtests.c.id == backtest_id, backtests.c.owner_id == viewer.id)


def _still(run: StoredBacktest) -> sa.Update:
    """Only while this very run goes on."""
    return sa.update(backtests).where(
        backtests.c.id == run.id, backtests.c.status == "running", backtests.c.started_at == run.started_at
    )


async def _one(connection: AsyncConnection, where: sa.ColumnElement[bool]) -> StoredBacktest:
    row = (await connection.execute(sa.select(backtests).where(where))).mappings().first()
    if row is None:
        raise NotFound("there is no such back-test; it may have been deleted")
    return StoredBacktest(**row)


async def _check(connection: AsyncConnection, backtest_id: str, viewer: User) -> None:
    query = sa.select(backtests.c.id).where(_of(backtest_id, viewer))
    if (await connection.execute(query)).first() is None:
        raise NotFound("there is no such back-test; it may have been deleted")


def _trade_values(backtest_id: str, trade: TradeRow) -> dict[str, Any]:
    shown = ("symbol", "side", "entry_time", "exit_time", "exit_reason", "pnl")
    return {
        "backtest_id": backtest_id, "number": trade.number, "row": trade.row, "slice": trade.slice,
        **{name: trade.row[name] for name in shown},
    }  # fmt: skip


async def _insert(connection: AsyncConnection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _BATCH):
        await connection.execute(sa.insert(table), rows[start : start + _BATCH])


async def _write_traces(connection: AsyncConnection, backtest_id: str, rows: list[Trace]) -> None:
    """The many small rows, past the layers that would cost more than the database."""
    names = ["backtest_id", "market", "chunk", "wire", "data"]
    if connection.dialect.name == "sqlite":
        statement = f"INSERT INTO {traces.name} ({', '.join(names)}) VALUES (?, ?, ?, ?, ?)"
        for start in range(0, len(rows), _BATCH):
            await connection.exec_driver_sql(statement, [(backtest_id, *row) for row in rows[start : start + _BATCH]])
        return
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.copy_records_to_table(traces.name, records=((backtest_id, *row) for row in rows), columns=names)
