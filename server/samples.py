"""Candles to try things out with: real ones if the exchange answers quickly, else an invented market that says so."""

import contextlib
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
    if online:
        with contextlib.suppress(InputError):
            return _fetched(store, host, now or int(time.time() * 1000))
    candles = synthetic_candles(SEED, BARS, invented)
    store.add(candles)
    return candles


def _fetched(store: CandleStore, host: str, now: int) -> Candles:
    rest = BybitRest(host, timeout=_TIMEOUT, attempts=1)
    fetch_candles(rest, store, SYMBOL, TIMEFRAME, now - (BARS + 1) * HOUR, now, now=now)
    return store.load(SYMBOL, TIMEFRAME)
