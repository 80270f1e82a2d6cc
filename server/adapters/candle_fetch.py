"""Fills the store from the exchange: only what is missing, saved as it comes, so that a break costs little.

The exchange's client blocks, so each page is awaited in a thread; no database connection is held meanwhile.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.time_check import instant_text
from engine.timeframe import duration
from server.adapters import bybit_public
from server.adapters.bybit_rest import BybitRest
from server.store.candles import CandleSeries
from server.store.instruments import Instruments
from server.store.rules import Rules
from server.store.series import FUNDING, Stored, check_name

Progress = Callable[[int, int], None]  # bars done, bars in all
_SAVE_EVERY = 20  # pages
_BEGINNING = 1_541_030_400_000  # 2018-11-01 UTC, before the exchange's first candle


class _Span(NamedTuple):
    """A stretch that is missing, in the order that leaves no hole behind when the fetch breaks off."""

    start: int
    end: int
    backwards: bool


async def fetch_candles(
    rest: BybitRest,
    series: CandleSeries,
    symbol: str,
    timeframe: str,
    start: int,
    end: int,
    *,
    now: int,
    progress: Progress | None = None,
) -> Stored:
    """Makes the store hold the closed candles from `start` to before `end` (ms UTC), and all between them and its own.

    What was fetched before a failure or an interrupt stays stored; the next call goes on from there.
    Raises InputError.
    """
    check_name(symbol, timeframe)
    length = duration(timeframe)
    spans = await _missing(series, symbol, timeframe, max(start, _BEGINNING), min(end, now))
    total = sum(max(0, span.end - span.start) // length for span in spans)
    tell = progress or _silent
    done = 0
    try:
        for span in spans:
            pages = bybit_public.candle_pages(
                rest, symbol, timeframe, span.start, span.end, now=now, backwards=span.backwards
            )
            done = await _save(series, pages, done, lambda bars: tell(min(bars, total), total))
    finally:
        stored = await series.find(symbol, timeframe)
        if stored and not stored.identity:
            stored = await series.finish(symbol, timeframe)
    if stored is None:
        text = f"{instant_text(max(start, _BEGINNING))} and {instant_text(min(end, now))}"
        raise InputError(f"Bybit has no closed {timeframe} candles of {symbol} between {text}; check symbol and dates")
    if done < total:
        tell(done, done)  # the market is younger than what was asked for
    return stored


async def fetch_funding(rest: BybitRest, series: CandleSeries, symbol: str, start: int, end: int) -> Stored:
    """Makes the store hold the funding rates from `start` to before `end` (ms UTC).  Raises InputError."""
    start, stored = max(start, _BEGINNING), await series.find(symbol, FUNDING)
    spans = [(start, end)] if stored is None else [(start, stored.first), (stored.last + 1, end)]
    for first, last in spans:
        time, rate = await asyncio.to_thread(bybit_public.fetch_funding, rest, symbol, first, last)
        if len(time):
            stored = await series.add_funding(symbol, time, rate, origin=bybit_public.ORIGIN)
    if stored is None:
        raise InputError(f"Bybit has no funding rates of {symbol} since {instant_text(start)}; check symbol and dates")
    return stored


async def fetch_rules(rest: BybitRest, instruments: Instruments, symbol: str, *, now: int) -> Rules:
    """Makes the store hold the trading rules of a market.  Raises InputError."""
    rules = await asyncio.to_thread(bybit_public.fetch_rules, rest, symbol, now=now)
    await instruments.put(rules)
    return rules


async def _missing(series: CandleSeries, symbol: str, timeframe: str, start: int, end: int) -> list[_Span]:
    """What to ask the exchange for: before, after and between what is stored."""
    stored = await series.find(symbol, timeframe)
    if stored is None:
        return [_Span(start, end, backwards=True)]
    if stored.synthetic:
        raise InputError(f"the stored {symbol} {timeframe} is synthetic; remove it before fetching real candles")
    length = duration(timeframe)
    holes = await series.gaps(symbol, timeframe) if stored.missing else []
    inside = [(max(hole.first, start), min(hole.last + length, end)) for hole in holes]
    return [
        _Span(start, stored.first, backwards=True),
        *(_Span(first, stop, backwards=False) for first, stop in inside if first < stop),
        _Span(stored.last + length, end, backwards=False),
    ]


async def _save(
    series: CandleSeries, pages: Generator[Candles], done: int, tell: Callable[[int], None]
) -> int:  # fmt: skip
    """Stores adjoining pages a few at a time, and those in hand when it breaks off; the bars done until now."""
    held: list[Candles] = []
    try:
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            held.append(page)
            done += len(page)
            tell(done)
            if len(held) == _SAVE_EVERY:
                await series.add(_joined(held), unfinished=True)
                held = []
    finally:
        if held:
            await series.add(_joined(held), unfinished=True)
    return done


def _joined(pages: list[Candles]) -> Candles:
    """One table of pages that come in either order."""
    pages = sorted(pages, key=lambda page: int(page.time[0]))
    columns: dict[str, Any] = {name: np.concatenate([getattr(page, name) for page in pages]) for name in COLUMNS}
    first = pages[0]
    return make_candles(first.symbol, first.timeframe, origin=first.origin, **columns)


def _silent(_done: int, _total: int) -> None:
    pass
