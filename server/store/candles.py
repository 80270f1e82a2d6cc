"""Stored candles and funding rates: a row of facts per series, its columns in chunks."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.candle_check import check_columns, check_funding
from engine.candles import COLUMNS, Candles, FloatColumn, TimeColumn, make_candles
from engine.errors import InputError
from server.clock import now
from server.store.database import Database
from server.store.packing import Damaged
from server.store.series import (
    FUNDING,
    Chunk,
    Columns,
    Gap,
    Stored,
    check_name,
    chunk_of,
    column_names,
    holes_of,
    merge,
    packed,
    unpacked,
)  # fmt: skip
from server.store.tables import candle_chunks as chunks
from server.store.tables import candle_series as series

CATEGORY = "linear"  # the one kind of market so far
_FACTS = ("symbol", "timeframe", "rows", "first", "last", "identity", "synthetic", "gaps_allowed", "updated_at")
_CHUNK = (chunks.c.number, chunks.c.rows, chunks.c.data)


class CandleSeries:
    """Series of candles by symbol and timeframe, shared by all users of an installation."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, candles: Candles, *, allow_gaps: bool = False, unfinished: bool = False) -> Stored:
        """Merges candles into what is stored of their symbol and timeframe, wholly or not at all.

        `unfinished` spares reading the whole series for its identity; `finish` makes up for it.  Raises InputError.
        """
        check_name(candles.symbol, candles.timeframe)
        columns: Columns = {name: getattr(candles, name) for name in COLUMNS}
        source = f"{candles.origin}, {candles.symbol} {candles.timeframe},"
        check_columns(columns, source, timeframe=candles.timeframe, allow_gaps=allow_gaps, first_row=1)
        fresh = Stored(
            symbol=candles.symbol, timeframe=candles.timeframe, origins=(candles.origin,),
            synthetic=candles.synthetic, gaps_allowed=allow_gaps,
        )  # fmt: skip
        return await self._merge(fresh, columns, unfinished)

    async def add_funding(self, symbol: str, time: TimeColumn, rate: FloatColumn, *, origin: str) -> Stored:
        """Merges funding rates into what is stored of the symbol.  Raises InputError."""
        check_name(symbol, FUNDING)
        check_funding(time, rate, origin)
        fresh = Stored(symbol=symbol, timeframe=FUNDING, origins=(origin,), gaps_allowed=True)
        return await self._merge(fresh, {"time": time, "rate": rate}, unfinished=True)

    async def finish(self, symbol: str, timeframe: str) -> Stored:
        """Gives a series its identity after unfinished additions.  Raises InputError if there is none."""
        async with self._db.write() as connection:
            key, stored = await _lock(connection, symbol, timeframe)
            if stored is None:
                raise InputError(f"nothing is stored of {symbol} {timeframe}; see what is listed")
            stored = msgspec.structs.replace(stored, identity=await _identity(connection, key, stored))
            await connection.execute(series.update().where(series.c.id == key).values(identity=stored.identity))
        return stored

    async def load(self, symbol: str, timeframe: str, start: int | None = None, end: int | None = None) -> Candles:
        """The stored candles that open from `start` to before `end` (ms UTC).

        Raises InputError if there are none or what is stored is damaged.
        """
        stored, columns = await self._read(symbol, timeframe, start, end)
        candles = await asyncio.to_thread(_candles, stored, columns)
        whole = len(candles) == stored.rows
        if (not whole and start is None and end is None) or (whole and stored.identity not in ("", candles.identity)):
            raise _damaged(symbol, timeframe)
        return candles

    async def load_funding(
        self, symbol: str, start: int | None = None, end: int | None = None
    ) -> tuple[TimeColumn, FloatColumn]:
        """Stored settlement instants and rates.  Raises InputError if there are none or they are damaged."""
        _, columns = await self._read(symbol, FUNDING, start, end)
        return columns["time"], columns["rate"]

    async def rows(self, symbol: str, timeframe: str, first: int, count: int) -> Columns:
        """Columns of `count` rows from the row `first` on (0 = oldest); fewer at the end.  Raises InputError."""
        check_name(symbol, timeframe)
        upto = sa.func.sum(chunks.c.rows).over(order_by=chunks.c.number).label("upto")
        places = sa.select(upto, *_CHUNK).join(series).where(*_named(symbol, timeframe)).subquery()
        query = sa.select(places).where(places.c.upto > first, places.c.upto - places.c.rows < first + count)
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(places.c.number))).all()
        if not found:
            await self._known(symbol, timeframe)
        skipped = first - (found[0].upto - found[0].rows) if found else 0
        parts = [Chunk(row.number, row.rows, row.data) for row in found]
        columns = await asyncio.to_thread(_unpacked, parts, symbol, timeframe)
        return {name: column[skipped : skipped + count] for name, column in columns.items()}

    async def row_of(self, symbol: str, timeframe: str, instant: int) -> int:
        """Number of the first row that opens at `instant` or later (the count of rows if none does)."""
        check_name(symbol, timeframe)
        number = chunk_of(instant, timeframe)
        before = sa.func.coalesce(sa.func.sum(sa.case((chunks.c.number < number, chunks.c.rows), else_=0)), 0)
        counted = sa.select(before).join(series).where(*_named(symbol, timeframe))
        inside = sa.select(*_CHUNK).join(series).where(*_named(symbol, timeframe), chunks.c.number == number)
        async with self._db.read() as connection:
            rows = int((await connection.execute(counted)).scalar_one())
            chunk = (await connection.execute(inside)).first()
        if chunk is None:
            return rows
        time = _unpacked([Chunk(*chunk)], symbol, timeframe)["time"]
        return rows + int(np.searchsorted(time, instant))

    async def find(self, symbol: str, timeframe: str) -> Stored | None:
        """Facts of one stored series, None if there is none."""
        check_name(symbol, timeframe)
        found = await self._facts(*_named(symbol, timeframe))
        return found[0] if found else None

    async def gaps(self, symbol: str, timeframe: str) -> list[Gap]:
        """The holes of a series, oldest first; none for funding.  Raises InputError if it is not stored."""
        await self._known(symbol, timeframe)
        if timeframe == FUNDING:
            return []
        query = sa.select(*_CHUNK).join(series).where(*_named(symbol, timeframe)).order_by(chunks.c.number)
        async with self._db.read() as connection:
            found = [Chunk(*row) for row in await connection.execute(query)]
        try:
            return await asyncio.to_thread(holes_of, found, timeframe)
        except Damaged:
            raise _damaged(symbol, timeframe) from None

    async def remove(self, symbol: str, timeframe: str) -> None:
        """Forgets a series.  Raises InputError if there is none."""
        check_name(symbol, timeframe)
        async with self._db.write() as connection:
            gone = await connection.execute(series.delete().where(*_named(symbol, timeframe)))
            if not gone.rowcount:
                raise InputError(f"nothing is stored of {symbol} {timeframe}; see what is listed")

    async def list(self) -> Sequence[Stored]:
        """Facts of all stored series, by name."""
        return await self._facts()

    async def _facts(self, *where: Any) -> Sequence[Stored]:
        size = sa.select(sa.func.sum(sa.func.length(chunks.c.data))).where(chunks.c.series_id == series.c.id)
        query = sa.select(series, size.scalar_subquery().label("size")).where(*where)
        async with self._db.read() as connection:
            found = await connection.execute(query.order_by(series.c.symbol, series.c.timeframe))
            return [_stored(row, int(row.size or 0)) for row in found if row.rows]

    async def _known(self, symbol: str, timeframe: str) -> Stored:
        stored = await self.find(symbol, timeframe)
        if stored is None:
            raise _absent(symbol, timeframe)
        return stored

    async def _read(self, symbol: str, timeframe: str, start: int | None, end: int | None) -> tuple[Stored, Columns]:
        """Facts and rows from one statement, so that both are of the same moment."""
        check_name(symbol, timeframe)
        bounds: list[Any] = [chunks.c.series_id == series.c.id]
        if start is not None:
            bounds.append(chunks.c.number >= chunk_of(start, timeframe))
        if end is not None:
            bounds.append(chunks.c.number <= chunk_of(end - 1, timeframe))
        parts = chunks.c.number, chunks.c.rows.label("chunk_rows"), chunks.c.data
        query = sa.select(series, *parts).select_from(series.outerjoin(chunks, sa.and_(*bounds)))
        async with self._db.read() as connection:
            found = (await connection.execute(query.where(*_named(symbol, timeframe)).order_by(chunks.c.number))).all()
        if not found:
            raise _absent(symbol, timeframe)
        stored = _stored(found[0])
        held = [Chunk(row.number, row.chunk_rows, row.data) for row in found if row.number is not None]
        columns = await asyncio.to_thread(_unpacked, held, symbol, timeframe)
        first = 0 if start is None else int(np.searchsorted(columns["time"], start))
        stop = len(columns["time"]) if end is None else int(np.searchsorted(columns["time"], end))
        if first >= stop:
            raise InputError(f"nothing is stored of {symbol} {timeframe} in the span asked for; see what is listed")
        return stored, {name: column[first:stop] for name, column in columns.items()}

    async def _merge(self, fresh: Stored, columns: Columns, unfinished: bool) -> Stored:
        symbol, timeframe = fresh.symbol, fresh.timeframe
        first, last = (chunk_of(int(columns["time"][i]), timeframe) for i in (0, -1))
        async with self._db.write() as connection:
            key, old = await _lock(connection, symbol, timeframe)
            touched = sa.and_(chunks.c.series_id == key, chunks.c.number.between(first, last))
            held = [
                Chunk(*row) for row in await connection.execute(sa.select(*_CHUNK).where(touched).order_by("number"))
            ]
            stored = _unpacked(held, symbol, timeframe) if held else None
            facts, rows = await asyncio.to_thread(merge, old, fresh, stored, columns)
            if facts.added or old is None:
                fresh_chunks = await asyncio.to_thread(packed, rows, timeframe)
                await connection.execute(chunks.delete().where(touched))
                await connection.execute(chunks.insert(), [{"series_id": key, **c._asdict()} for c in fresh_chunks])
            identity = old.identity if old else ""
            if facts.added:
                identity = "" if unfinished else await _identity(connection, key, facts)
            facts = msgspec.structs.replace(facts, identity=identity, updated_at=now())
            values = {name: getattr(facts, name) for name in _FACTS} | {"origins": list(facts.origins)}
            await connection.execute(series.update().where(series.c.id == key).values(values))
        return facts


async def _lock(connection: AsyncConnection, symbol: str, timeframe: str) -> tuple[int, Stored | None]:
    """The row of a series, made if need be, kept from other writers until the transaction ends."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(series)
    empty = dict.fromkeys(("rows", "first", "last", "updated_at"), 0) | {"identity": "", "origins": []}
    named = {"symbol": symbol, "timeframe": timeframe, "category": CATEGORY, "synthetic": False, "gaps_allowed": False}
    await connection.execute(insert.values(**empty, **named).on_conflict_do_nothing())
    query = sa.select(series).where(*_named(symbol, timeframe)).with_for_update()
    row = (await connection.execute(query)).one()
    return row.id, _stored(row) if row.rows else None


async def _identity(connection: AsyncConnection, key: int, facts: Stored) -> str:
    if facts.timeframe == FUNDING:
        return ""
    query = sa.select(*_CHUNK).where(chunks.c.series_id == key).order_by(chunks.c.number)
    held = [Chunk(*row) for row in await connection.execute(query)]
    columns = await asyncio.to_thread(_unpacked, held, facts.symbol, facts.timeframe)
    return (await asyncio.to_thread(_candles, facts, columns)).identity


def _named(symbol: str, timeframe: str) -> tuple[Any, ...]:
    return series.c.symbol == symbol, series.c.timeframe == timeframe, series.c.category == CATEGORY


def _stored(row: Any, size: int = 0) -> Stored:
    return Stored(**{name: getattr(row, name) for name in _FACTS}, origins=tuple(row.origins), size=size)


def _candles(stored: Stored, columns: Columns) -> Candles:
    values: dict[str, Any] = dict(columns)
    return make_candles(
        stored.symbol, stored.timeframe, origin=stored.origin, synthetic=stored.synthetic, **values
    )  # fmt: skip


def _unpacked(held: Sequence[Chunk], symbol: str, timeframe: str) -> Columns:
    names = column_names(timeframe)
    try:
        return unpacked(held, names)
    except Damaged:
        raise _damaged(symbol, timeframe) from None


def _what(symbol: str, timeframe: str) -> str:
    return f"funding rates of {symbol}" if timeframe == FUNDING else f"candles of {symbol} {timeframe}"


def _absent(symbol: str, timeframe: str) -> InputError:
    return InputError(f"no {_what(symbol, timeframe)} are stored; import a file or fetch them")


def _damaged(symbol: str, timeframe: str) -> InputError:
    return InputError(f"the stored {_what(symbol, timeframe)} are damaged; remove them and import or fetch them again")
