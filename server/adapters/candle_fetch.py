"""Fills the candle store from the exchange: only what is missing, saved as it comes, so that a break costs little."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.time_check import instant_text
from engine.timeframe import duration
from server.adapters import bybit_public
from server.adapters.bybit_rest import BybitRest
from server.adapters.candle_store import CandleStore, Stored

Progress = Callable[[int, int], None]  # bars done, bars in all
_SAVE_EVERY = 20  # pages
_BEGINNING = 1_541_030_400_000  # 2018-11-01 UTC, before the exchange's first candle


def fetch_candles(
    rest: BybitRest,
    store: CandleStore,
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
    stored = store.find(symbol, timeframe)
    if stored and stored.synthetic:
        raise InputError(f"the stored {symbol} {timeframe} is synthetic; remove it before fetching real candles")
    start, end, length = max(start, _BEGINNING), min(end, now), duration(timeframe)
    until = stored.first if stored else end
    after = stored.last + length if stored else end
    total = max(0, until - start) // length + max(0, end - after) // length
    older = bybit_public.candle_pages(rest, symbol, timeframe, start, until, now=now, backwards=True)
    newer = bybit_public.candle_pages(rest, symbol, timeframe, after, end, now=now, backwards=False)
    done = 0
    for pages in (older, newer):
        done = _save(store, pages, done, total, progress)
    if progress is not None and done < total:
        progress(done, done)  # the market is younger than what was asked for
    result = store.find(symbol, timeframe)
    if result is None:
        span = f"{instant_text(start)} and {instant_text(end)}"
        raise InputError(f"Bybit has no closed {timeframe} candles of {symbol} between {span}; check symbol and dates")
    return result


def fetch_funding(rest: BybitRest, store: CandleStore, symbol: str, start: int, end: int) -> Stored:
    """Makes the store hold the funding rates from `start` to before `end` (ms UTC).  Raises InputError."""
    start, stored = max(start, _BEGINNING), store.find(symbol, "funding")
    spans = [(start, end)] if stored is None else [(start, stored.first), (stored.last + 1, end)]
    for first, last in spans:
        time, rate = bybit_public.fetch_funding(rest, symbol, first, last)
        if len(time):
            stored = store.add_funding(symbol, time, rate, origin=bybit_public.ORIGIN)
    if stored is None:
        raise InputError(f"Bybit has no funding rates of {symbol} since {instant_text(start)}; check symbol and dates")
    return stored


def _save(store: CandleStore, pages: Iterable[Candles], done: int, total: int, progress: Progress | None) -> int:
    """Stores adjoining pages a few at a time, and those in hand when it breaks off; the bars done until now."""
    held: list[Candles] = []
    try:
        for page in pages:
            held.append(page)
            done += len(page)
            if progress is not None:
                progress(min(done, total), total)
            if len(held) == _SAVE_EVERY:
                store.add(_joined(held))
                held = []
    finally:
        if held:
            store.add(_joined(held))
    return done


def _joined(pages: list[Candles]) -> Candles:
    """One table of pages that come in either order."""
    pages = sorted(pages, key=lambda page: int(page.time[0]))
    columns: dict[str, Any] = {name: np.concatenate([getattr(page, name) for page in pages]) for name in COLUMNS}
    first = pages[0]
    return make_candles(first.symbol, first.timeframe, origin=first.origin, **columns)
