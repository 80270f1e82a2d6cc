"""Candles, funding rates and trading rules of Bybit's linear contracts from its public endpoints.

Answers are checked as files are: what is not as documented is an InputError, never a guess.
"""

from collections.abc import Generator, Sequence

import msgspec
import numpy as np

from engine.candle_check import check_columns, check_funding
from engine.candles import COLUMNS, Candles, FloatColumn, TimeColumn, make_candles
from engine.errors import InputError
from engine.timeframe import duration, floor
from server.adapters.bybit_rest import BybitRest
from server.store.rules import Rules

ORIGIN = "Bybit public data"
INTERVALS = {
    "1m": "1",
    "3m": "3",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "6h": "360",
    "12h": "720",
    "1d": "D",
    "1w": "W",
}
PAGE, FUNDING_PAGE = 1000, 200  # most rows the exchange gives at once
_SPAN = PAGE - 1  # bars asked for: the forming bar may come unasked and must not push another out


class _Klines(msgspec.Struct):
    list: Sequence[Sequence[str]]


class _FundingRow(msgspec.Struct, rename="camel"):
    funding_rate: str
    funding_rate_timestamp: str


class _FundingRows(msgspec.Struct):
    list: Sequence[_FundingRow]


class _PriceFilter(msgspec.Struct, rename="camel"):
    tick_size: str


class _LotFilter(msgspec.Struct, rename="camel"):
    qty_step: str
    min_order_qty: str
    min_notional_value: str = "0"


class _InstrumentRow(msgspec.Struct, rename="camel"):
    price_filter: _PriceFilter
    lot_size_filter: _LotFilter


class _Instruments(msgspec.Struct):
    list: Sequence[_InstrumentRow]


def candle_pages(
    rest: BybitRest, symbol: str, timeframe: str, start: int, end: int, *, now: int, backwards: bool, mark: bool = False
) -> Generator[Candles]:
    """Closed candles that open from `start` to before `end` (ms UTC), in pages.

    The bar still forming at `now` is left out.  Backwards, the latest page comes first and the first empty page, the
    beginning of the market, ends it; forwards, empty pages are passed over.  Mark prices have volume 0.
    Raises InputError.
    """
    length = duration(timeframe)
    first = floor(start - 1, timeframe) + length
    stop = min(floor(end - 1, timeframe) + length, floor(now, timeframe))
    span = _SPAN * length
    if backwards:
        windows = [(max(first, b - span), b) for b in range(stop, first, -span)]
    else:
        windows = [(a, min(a + span, stop)) for a in range(first, stop, span)]
    for window in windows:
        page = _page(rest, symbol, timeframe, *window, mark=mark)
        if page is not None:
            yield page
        elif backwards:
            return


def fetch_funding(rest: BybitRest, symbol: str, start: int, end: int) -> tuple[TimeColumn, FloatColumn]:
    """Settlement instants and rates from `start` to before `end` (ms UTC); empty if there were none."""
    found: dict[int, float] = {}
    last = end - 1
    while last >= start:
        query = {"symbol": symbol, "startTime": start, "endTime": last, "limit": FUNDING_PAGE}
        rows = rest.get("/v5/market/funding/history", query, _FundingRows).list
        table = _numbers([(row.funding_rate_timestamp, row.funding_rate) for row in rows], symbol)
        page = {int(instant): rate for instant, rate in table if start <= instant <= last}
        if not page:
            break
        found |= page
        last = min(page) - 1
    time = np.array(sorted(found), np.int64)
    rate = np.array([found[instant] for instant in sorted(found)], np.float64)
    if len(time):
        check_funding(time, rate, f"{ORIGIN}, funding of {symbol},", first_row=1)
    return time, rate


def fetch_rules(rest: BybitRest, symbol: str, *, now: int) -> Rules:
    """Tick, step and smallest order of a market, as the exchange writes them.  Raises InputError."""
    rows = rest.get("/v5/market/instruments-info", {"symbol": symbol}, _Instruments).list
    if not rows:
        raise InputError(f"Bybit has no linear contract {symbol}; check the symbol")
    price, lot = rows[0].price_filter, rows[0].lot_size_filter
    rules = Rules(
        symbol=symbol, tick=price.tick_size, step=lot.qty_step, min_quantity=lot.min_order_qty,
        min_notional=lot.min_notional_value or "0", source="Bybit instruments-info", updated_at=now,
    )  # fmt: skip
    _numbers([(rules.tick, rules.step, rules.min_quantity, rules.min_notional)], symbol)
    return rules


def _page(rest: BybitRest, symbol: str, timeframe: str, start: int, stop: int, *, mark: bool) -> Candles | None:
    """Candles that open from `start` to before `stop`, oldest first; None if there are none."""
    path = "/v5/market/mark-price-kline" if mark else "/v5/market/kline"
    query = {
        "symbol": symbol,
        "interval": INTERVALS[timeframe],
        "start": start,
        "end": stop - duration(timeframe),
        "limit": PAGE,
    }
    table = _numbers([row[: 5 if mark else 6] for row in rest.get(path, query, _Klines).list], symbol)
    rows = [row for row in reversed(table) if start <= row[0] < stop]  # the exchange sends the newest first
    if not rows:
        return None
    if any(len(row) != (5 if mark else 6) for row in rows):
        raise InputError(f"{ORIGIN}: a candle of {symbol} has too few values; try again or import a candle file")
    if mark:
        rows = [[*row, 0.0] for row in rows]
    columns = dict(zip(COLUMNS, np.array(rows).T, strict=True))
    values = {"time": columns.pop("time").astype(np.int64)} | columns
    check_columns(values, f"{ORIGIN}, {symbol} {timeframe},", timeframe=timeframe, first_row=1)
    return make_candles(symbol, timeframe, origin=ORIGIN, **values)


def _numbers(rows: Sequence[Sequence[str]], symbol: str) -> list[list[float]]:
    try:
        return [[float(text) for text in row] for row in rows]
    except ValueError as error:
        raise InputError(f"{ORIGIN}: a value of {symbol} is no number ({error}); try again later") from None
