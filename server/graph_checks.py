"""Validating and reading documents for the server: off the event loop, and each document once."""

import asyncio
from functools import cache, lru_cache

from engine.document import Graph, decode
from engine.registry import Registry, discover
from engine.validate import Report, validate

_KEPT = 256  # documents whose report is remembered


@cache
def registry() -> Registry:
    """The node types of this server."""
    return discover()


@lru_cache(maxsize=_KEPT)
def graph_of(document: str) -> Graph:
    """The graph of a document.  Raises InputError if it is none."""
    return decode(document.encode(), "graph")


@lru_cache(maxsize=_KEPT)
def report_of(document: str, mode: str = "backtest", timeframe: str | None = None) -> Report:
    """The validator's report.  Raises InputError for what is no graph document, an unknown mode or timeframe."""
    return validate(graph_of(document), registry(), mode=mode, timeframe=timeframe or None)


async def checked(document: str, mode: str = "backtest", timeframe: str | None = None) -> Report:
    """`report_of` in a thread: a large graph takes a while."""
    return await asyncio.to_thread(report_of, document, mode, timeframe)
