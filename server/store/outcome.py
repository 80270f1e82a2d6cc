"""Everything that is kept of a run that is done, as the worker packs it and the store writes it."""

import zlib
from typing import Any

import msgspec

Trace = tuple[int, int, str, bytes]  # market, chunk, wire, packed values


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as it is stored: the row of `engine.trade_rows`, and its packed decision slice if it was kept."""

    number: int
    row: dict[str, Any]
    slice: bytes | None = None


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction writes."""

    seconds: float
    summary: dict[str, Any]
    result: dict[str, Any]
    trades: list[TradeRow]
    columns: dict[str, bytes]
    traces: list[Trace]


def packed_json(value: Any) -> bytes:
    """Plain data as it is kept in a column."""
    return zlib.compress(msgspec.json.encode(value), 1)


def unpacked_json(data: bytes) -> Any:
    """The data again."""
    return msgspec.json.decode(zlib.decompress(data))
