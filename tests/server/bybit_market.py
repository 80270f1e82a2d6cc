"""A stand-in for Bybit's public REST on loopback: documented shapes, newest first, with faults on request."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from engine.candles import Candles
from engine.sim.synthetic import Market, synthetic_candles
from engine.timeframe import HOUR
from server.adapters.bybit_public import INTERVALS

NOW = 1_704_067_200_000 + 2500 * HOUR + 20 * 60_000  # 20 minutes into a bar


class FakeBybit:
    """One market, BTCUSDT: 2,500 closed bars of 1h and the one still forming; funding every 8 h.

    `faults` are answers given first, one per request: (HTTP status, body or None to hang up, headers).  `requests` are
    the paths and queries received.
    """

    def __init__(self) -> None:
        self.candles: Candles = synthetic_candles(1, 2501, Market(symbol="BTCUSDT"))
        self.faults: list[tuple[int, bytes | None, dict[str, str]]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def answer(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if query.get("symbol") != "BTCUSDT":
            return {"retCode": 10001, "retMsg": "params error: Symbol Invalid", "result": {}, "time": NOW}
        shapes = {
            "/v5/market/kline": self._klines,
            "/v5/market/mark-price-kline": lambda q: [row[:5] for row in self._klines(q)],
            "/v5/market/funding/history": self._funding,
            "/v5/market/instruments-info": lambda q: [INSTRUMENT],
        }
        result = {"category": "linear", "symbol": query["symbol"], "list": shapes[path](query)}
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW}

    def _klines(self, query: dict[str, str]) -> list[list[str]]:
        assert query["category"] == "linear" and query["interval"] == INTERVALS["1h"]
        start, end, limit = int(query["start"]), int(query["end"]), int(query["limit"])
        assert limit <= 1000
        c = self.candles
        rows = [
            [str(c.time[i]), *(repr(float(x[i])) for x in (c.open, c.high, c.low, c.close, c.volume)), "0"]
            for i in range(len(c))
            # the last bar still forms; the exchange sends it even to those who ask for less
            if start <= c.time[i] <= end or (i == len(c) - 1 and end >= c.time[-2])
        ]
        return rows[::-1][:limit]

    def _funding(self, query: dict[str, str]) -> list[dict[str, str]]:
        assert "endTime" in query and int(query["limit"]) <= 200
        first, last = int(self.candles.time[0]), NOW
        marks = [t for t in range(first, last, 8 * HOUR) if int(query["startTime"]) <= t <= int(query["endTime"])]
        rows = [{"symbol": "BTCUSDT", "fundingRate": rate_at(t), "fundingRateTimestamp": str(t)} for t in marks]
        return rows[::-1][: int(query["limit"])]


INSTRUMENT = {
    "symbol": "BTCUSDT",
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {"maxOrderQty": "1190", "minOrderQty": "0.001", "qtyStep": "0.001", "minNotionalValue": "5"},
    "fundingInterval": 480,
}


def rate_at(instant: int) -> str:
    return str(round(0.0001 + (instant // (8 * HOUR)) % 5 * 0.00001, 8))


def limited(reset_in_ms: int) -> tuple[int, bytes, dict[str, str]]:
    body = {"retCode": 10006, "retMsg": "Too many visits!", "result": {}, "retExtInfo": {}, "time": NOW}
    return 200, json.dumps(body).encode(), {"X-Bapi-Limit-Reset-Timestamp": str(NOW + reset_in_ms)}


@contextmanager
def serving(fake: FakeBybit) -> Generator[FakeBybit]:
    """Serves `fake` on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            fake.requests.append((parts.path, query))
            status, body, headers = 200, b"", dict[str, str]()
            if fake.faults:
                status, fault, headers = fake.faults.pop(0)
                if fault is None:
                    return
                body = fault
            else:
                body = json.dumps(fake.answer(parts.path, query)).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
