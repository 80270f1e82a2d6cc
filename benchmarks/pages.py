"""Page times of a full database: `python -m benchmarks.pages [--postgresql]`.

100 graphs, 1,000 back-tests with their trades and a million trace rows, read through a real server in a process of its
own, signed in, one request at a time.  The time is what the client waits, loopback included; the bar is p95 < 50 ms.
"""

import argparse
import asyncio
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import sqlalchemy as sa

from benchmarks.report import table
from engine.sim.synthetic import Market, synthetic_candles
from server.accounts.entrance import Entrance
from server.accounts.identity import Visit
from server.backtests.ask import Ask, MarketAsk
from server.ids import new_id
from server.people import User
from server.services import Services
from server.settings import load
from server.store import tables
from server.wiring import build

GRAPHS, BACKTESTS, TRACE_ROWS = 100, 1_000, 1_000_000
REQUESTS, BARS, BATCH = 60, 8_760, 20_000
Row = dict[str, Any]


async def seed() -> dict[str, str]:
    """Fill the database from one real back-test; the cookie of a session and what the pages are asked for."""
    async with build(load(), tell=lambda _: None) as services:
        account = await services.store.accounts.add("bench", "-", "admin", services.clock(), must_change=False)
        user = User(id=account.id, name=account.name, role="admin")
        entrance = Entrance(services.store, services.clock)
        await entrance.options.load(services.clock())
        cookie = await entrance.begin(user.id, Visit("127.0.0.1", "bench"))
        candles = synthetic_candles(7, BARS, Market(timeframe="1h"))
        await services.store.candles.add(candles)
        first, graph = await _backtest(services, user, candles.symbol), ""
        for _ in range(GRAPHS):
            graph = (await services.store.graphs.copy("hh_ll", user, now=services.clock())).id
        await _multiply(services, first)
    return {"cookie": cookie, "graph": graph, "backtest": first, "symbol": candles.symbol}


async def _backtest(services: Services, user: User, symbol: str) -> str:
    ask = Ask(
        graph="ema_cross", markets=[MarketAsk(symbol=symbol, timeframe="1h")], capital=10_000, policy="bybit_linear"
    )
    run = await services.backtests.submit(ask, user)
    while (await services.store.backtests.find(run, user)).status not in ("done", "failed"):
        await asyncio.sleep(0.1)
    return run


async def _multiply(services: Services, first: str) -> None:
    """The first run again and again, with its trades and columns, and as many trace rows as are still missing."""
    async with services.store.database.write() as connection:
        run = await _rows(connection, tables.backtests, "id", first)
        kept = {
            t: await _rows(connection, t, "backtest_id", first)
            for t in (tables.backtest_trades, tables.backtest_columns)
        }
        copies = [run[0] | {"id": new_id(), "created_at": run[0]["created_at"] - n} for n in range(1, BACKTESTS)]
        await _insert(connection, tables.backtests, copies)
        for copied, rows in kept.items():
            await _insert(connection, copied, [row | {"backtest_id": c["id"]} for c in copies for row in rows])
        wires = 100
        chunks = TRACE_ROWS // (wires * len(copies)) + 1
        for copy in copies:
            rows = [
                {"backtest_id": copy["id"], "market": 0, "chunk": n, "wire": f"node_{wire}.out", "data": b"x" * 200}
                for n in range(chunks) for wire in range(wires)
            ]  # fmt: skip
            await _insert(connection, tables.backtest_traces, rows)


async def _rows(connection: Any, source: sa.Table, column: str, value: str) -> list[Row]:
    found = await connection.execute(sa.select(source).where(source.c[column] == value))
    return [dict(row) for row in found.mappings()]


async def _insert(connection: Any, target: sa.Table, rows: list[Row]) -> None:
    for start in range(0, len(rows), BATCH):
        await connection.execute(sa.insert(target), rows[start : start + BATCH])


@contextlib.contextmanager
def server() -> Generator[str]:
    """A real server in a process of its own; its address."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("tradegraph")), "serve", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        line = next(line for line in process.stdout if "http://" in line)
        yield line.split("http://")[1].split("/")[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def measure(address: str, found: dict[str, str]) -> list[list[str]]:
    """Milliseconds that a client waits for each page: p50, p95, bytes."""
    run, graph = found["backtest"], found["graph"]
    paths = [
        "/", "/graphs", f"/graphs/{graph}", "/candles", f"/candles/{found['symbol']}/1h", "/backtests",
        "/backtests/new",
        f"/backtests/{run}", f"/api/backtests/{run}/trace?market=0&chunk=0", f"/api/backtests/{run}/candles?market=0",
        "/api/backtests", "/logs", "/users", "/settings", "/audit", "/account",
    ]  # fmt: skip
    connection = http.client.HTTPConnection(address)
    rows: list[list[str]] = []
    for path in paths:
        times, size = [], 0
        for number in range(REQUESTS + 3):
            began = perf_counter()
            connection.request("GET", path, headers={"Cookie": f"tradegraph_session={found['cookie']}"})
            answer = connection.getresponse()
            size = len(answer.read())
            if answer.status != 200:
                raise SystemExit(f"{path} answered {answer.status}")
            if number >= 3:
                times.append(1000 * (perf_counter() - began))
        shown = urlsplit(path).path.replace(run, "ID").replace(graph, "ID")
        rows.append([shown, f"{np.median(times):.1f}", f"{np.percentile(times, 95):.1f}", f"{size / 1024:.0f}"])
    return rows


def main() -> None:
    """Seed, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away PostgreSQL instead of SQLite")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        os.environ["TRADEGRAPH_HOME"] = stack.enter_context(tempfile.TemporaryDirectory())
        if options.postgresql:
            from tests.databases import postgresql

            os.environ["DATABASE_URL"] = stack.enter_context(postgresql()).url("postgres")
        began = perf_counter()
        found = asyncio.run(seed())
        name = "PostgreSQL" if options.postgresql else "SQLite"
        print(
            f"{name}: {GRAPHS} graphs, {BACKTESTS:,} back-tests, {TRACE_ROWS:,} trace rows,"
            f" made in {perf_counter() - began:.0f} s\n"
        )
        print(table(["page", "p50 ms", "p95 ms", "KiB"], measure(stack.enter_context(server()), found)))


if __name__ == "__main__":
    main()
