"""Candles and funding rates on their way to the worker and into the store: packed columns in pieces.

What a run was fed with is kept with it, so that an old back-test can be looked at and explained whatever becomes of the
stored candles.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from engine.candles import COLUMNS, Candles, make_candles
from engine.document import decode
from engine.matching.engine import Funding
from engine.matching.policy import Policy
from engine.request import MarketData, Request
from engine.result import Instrument
from server.store.packing import pack_columns, unpack_columns

PIECE = 16_384  # rows; a window of candles reads one or two pieces
_FUNDING = ("time", "rate")


class Table(msgspec.Struct, kw_only=True):
    """Rows of one market and timeframe; `timeframe` is empty for funding rates.  `pieces` hold `PIECE` rows each."""

    symbol: str
    timeframe: str = ""
    origin: str = ""
    synthetic: bool = False
    rows: int = 0
    pieces: list[bytes] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns in the order they are packed in."""
        return COLUMNS if self.timeframe else _FUNDING


class MarketInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one market, by their place in `Inputs.tables`."""

    base: int
    others: list[int] = []
    finer: int | None = None
    funding: int | None = None
    instrument: Instrument | None = None


class Inputs(msgspec.Struct, kw_only=True):
    """Everything a run is made of, without a database: document, rules, markets and their tables."""

    document: str
    policy: Policy
    capital: float
    start: int | None = None
    end: int | None = None
    markets: list[MarketInputs]
    tables: list[Table]


def table_of(candles: Candles) -> Table:
    """Candles as a table."""
    columns = {name: getattr(candles, name) for name in COLUMNS}
    return Table(
        symbol=candles.symbol, timeframe=candles.timeframe, origin=candles.origin, synthetic=candles.synthetic,
        rows=len(candles), pieces=pieces_of(columns),
    )  # fmt: skip


def funding_table(symbol: str, time: Any, rate: Any) -> Table:
    """Funding rates as a table."""
    return Table(symbol=symbol, rows=len(time), pieces=pieces_of({"time": time, "rate": rate}))


def pieces_of(columns: Mapping[str, Any]) -> list[bytes]:
    """Columns packed piece by piece."""
    rows = len(columns["time"])
    return [
        pack_columns({name: column[first : first + PIECE] for name, column in columns.items()})
        for first in range(0, rows, PIECE)
    ]


def columns_of(pieces: Sequence[bytes], names: Sequence[str]) -> dict[str, Any]:
    """The rows of some pieces."""
    parts = [unpack_columns(piece, names) for piece in pieces]
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in names}


def candles_of(table: Table) -> Candles:
    """The candles of a table."""
    return make_candles(
        table.symbol, table.timeframe, origin=table.origin, synthetic=table.synthetic,
        **columns_of(table.pieces, table.names),
    )  # fmt: skip


def request_of(inputs: Inputs) -> Request:
    """The request of a run, as the engine takes it."""
    made: dict[int, Candles] = {}  # a table that several markets read is one object for all

    def candles(place: int) -> Candles:
        if place not in made:
            made[place] = candles_of(inputs.tables[place])
        return made[place]

    def funding(place: int) -> Funding:
        return Funding(**columns_of(inputs.tables[place].pieces, _FUNDING))

    markets = tuple(
        MarketData(
            candles=candles(m.base),
            others=tuple(candles(place) for place in m.others),
            finer=None if m.finer is None else candles(m.finer),
            funding=None if m.funding is None else funding(m.funding),
            instrument=m.instrument,
        )
        for m in inputs.markets
    )
    return Request(
        graph=decode(inputs.document.encode()), markets=markets, policy=inputs.policy, capital=inputs.capital,
        start=inputs.start, end=inputs.end,
    )  # fmt: skip
