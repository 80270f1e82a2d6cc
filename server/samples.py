"""Candles to try things out with: real ones if the exchange answers quickly, else an invented market that says so."""

import contextlib

from engine.candles import Candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR
from server.adapters.bybit_rest import HOST, BybitRest
from server.adapters.candle_fetch import fetch_candles, fetch_rules
from server.clock import now as this_instant
from server.store.candles import CandleSeries
from server.store.database import Database
from server.store.instruments import Instruments

SYMBOL, TIMEFRAME, BARS = "BTCUSDT", "1h", 8760
SEED = 7
_TIMEOUT = 3.0  # s


async def sample_candles(
    database: Database, *, host: str = HOST, now: int | None = None, online: bool = True
) -> Candles:
    """A year of hourly candles, from the store if they were made or fetched before.

    `synthetic` and `origin` of the result say which they are; invented ones have
    funding rates as well.  With `online` False the exchange is not asked.
    """
    series = CandleSeries(database)
    invented = Market(timeframe=TIMEFRAME)
    for symbol in (SYMBOL, invented.symbol):
        stored = await series.find(symbol, TIMEFRAME)
        if stored and stored.rows >= BARS:
            return await series.load(symbol, TIMEFRAME)
    if online:
        with contextlib.suppress(InputError):
            return await _fetched(database, host, now or this_instant())
    candles = synthetic_candles(SEED, BARS, invented)
    await series.add(candles)
    await series.add_funding(candles.symbol, *synthetic_funding(candles, SEED), origin=candles.origin)
    return candles


async def _fetched(database: Database, host: str, now: int) -> Candles:
    rest, series = BybitRest(host, timeout=_TIMEOUT, attempts=1), CandleSeries(database)
    await fetch_candles(rest, series, SYMBOL, TIMEFRAME, now - (BARS + 1) * HOUR, now, now=now)
    with contextlib.suppress(InputError):  # without them a back-test infers what it can
        await fetch_rules(rest, Instruments(database), SYMBOL, now=now)
    return await series.load(SYMBOL, TIMEFRAME)
