"""Candles to try things out with: real ones if the exchange answers quickly, else an invented market that says so."""

import time

from engine.candles import Candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles
from engine.timeframe import HOUR
from server.adapters.bybit_rest import HOST, BybitRest
from server.adapters.candle_fetch import fetch_candles
from server.adapters.candle_store import CandleStore

SYMBOL, TIMEFRAME, BARS = "BTCUSDT", "1h", 8760
SEED = 7
_TIMEOUT = 3.0  # s


def sample_candles(
    store: CandleStore | None = None, *, host: str = HOST, now: int | None = None, online: bool = True
) -> Candles:
    """A year of hourly candles, from the store if they were made or fetched before.

    `synthetic` and `origin` of the result say which they are.  With `online` False the exchange is not asked.
    """
    store = store or CandleStore()
    invented = Market(timeframe=TIMEFRAME)
    for symbol in (SYMBOL, invented.symbol):
        stored = store.find(symbol, TIMEFRAME)
        if stored and not stored.damaged and stored.rows >= BARS:
            return store.load(symbol, TIMEFRAME)
    if not online:
        return _invented(store, invented)
    now = int(time.time() * 1000) if now is None else now
    rest = BybitRest(host, timeout=_TIMEOUT, attempts=1)
    try:
        fetch_candles(rest, store, SYMBOL, TIMEFRAME, now - (BARS + 1) * HOUR, now, now=now)
        return store.load(SYMBOL, TIMEFRAME)
    except InputError:
        return _invented(store, invented)


def _invented(store: CandleStore, market: Market) -> Candles:
    candles = synthetic_candles(SEED, BARS, market)
    store.add(candles)
    return candles
