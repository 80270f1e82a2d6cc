"""Back-tests of the server beside the bare engine: `python -m benchmarks.backtests`.

Seconds from the order to the row that says "done", with the worker cold (it has to start and to load everything) and
warm, and what the engine alone takes in this process for the same run.  Then the trace: rows and values per second as
the store writes them, and as it reads and unpacks them chunk by chunk.  Medians of several rounds on both databases.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from benchmarks.report import table
from engine.backtest import backtest
from engine.candles import Candles
from engine.matching.policy import policy_named
from engine.request import MarketData, Request
from engine.sim.synthetic import Market, synthetic_candles
from server.backtests.ask import Ask, MarketAsk
from server.backtests.limits import Limits
from server.backtests.service import Backtests
from server.backtests.wires import CHUNK, told
from server.clock import now
from server.graph_checks import registry
from server.graphs import load_graph
from server.ids import new_id
from server.live import Live
from server.people import User
from server.store.database import Database
from server.store.graphs import seed_built_ins
from server.store.outcome import Finished
from server.store.store import Store
from server.store.tables import backtest_traces
from server.store.upgrade import upgrade
from tests.databases import postgresql

ROUNDS, COLD = 3, 2
CASES = [(graph, bars) for graph in ("ema_cross", "hh_ll") for bars in (10_000, 100_000)]


def _candles(bars: int) -> Candles:
    return synthetic_candles(3, bars, Market(symbol=f"BENCH{bars}", timeframe="15m"))


def headless(graph: str, bars: int) -> float:
    """Seconds of the engine alone, warm."""
    request = Request(
        graph=load_graph(graph), markets=(MarketData(candles=_candles(bars)),), policy=policy_named("bybit_linear"),
        capital=10_000.0,
    )  # fmt: skip
    return _median([_timed(lambda: backtest(request, registry())) for _ in range(ROUNDS + 1)][1:])


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - began


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


class Bench:
    """A service on one database."""

    def __init__(self, store: Store, owner: User) -> None:
        self.store, self.owner, self.live = store, owner, Live(store.events, now)
        self.service = Backtests(store=store, live=self.live, clock=now, limits=Limits())

    async def seconds(self, graph: str, bars: int) -> tuple[str, float]:
        """The id of a run, and how long it took from the order to its end."""
        seen, began = await self.live.last(), time.perf_counter()
        ask = Ask(graph=graph, markets=[MarketAsk(symbol=f"BENCH{bars}", timeframe="15m")])
        run = await self.service.submit(ask, self.owner)
        async for event in self.live.stream(self.owner.id, seen):
            if event and event.data["id"] == run and event.data["status"] not in ("queued", "running"):
                assert event.data["status"] == "done", event.data
                return run, time.perf_counter() - began
        raise AssertionError("the channel was closed")

    async def cold(self, graph: str, bars: int) -> float:
        """With a worker that is not there yet."""
        for worker in self.service.workers:
            await worker.close()
        return (await self.seconds(graph, bars))[1]

    async def traces(self, run: str) -> dict[str, float]:
        """Rows and values per second, written and read."""
        rows = self.store.backtests
        found = await rows.find(run, self.owner)
        assert found.result
        chunks = -(-found.result["markets"][0]["rows"] // CHUNK)
        began, values, count, kept = time.perf_counter(), 0, 0, []
        for chunk in range(chunks):
            packed = await rows.chunk(run, self.owner, 0, chunk)
            for wire, data in packed.items():
                column = told(data)
                values += len(column.get("v", ())) or CHUNK
                kept.append((0, chunk, wire, data))
            count += len(packed)
        read = time.perf_counter() - began
        written = await self._written(msgspec.structs.replace(found, id=new_id()), kept)
        return {
            "trace rows read and unpacked per second": count / read, "values read per second": values / read,
            "trace rows written per second": count / written, "values written per second": values / written,
        }  # fmt: skip

    async def _written(self, run: object, kept: list[tuple[int, int, str, bytes]]) -> float:
        """Seconds of one transaction that writes a whole trace."""
        rows, as_queued = self.store.backtests, {"status": "queued", "started_at": None, "finished_at": None}
        new = msgspec.structs.replace(run, **as_queued)  # type: ignore[type-var]
        await rows.add(new)
        claimed = await rows.claim(now())
        assert claimed
        began = time.perf_counter()
        done = Finished(seconds=0.0, summary={}, result={}, trades=[], columns={}, traces=kept)
        assert await rows.finish(claimed, done, now())
        return time.perf_counter() - began


async def measured(url: str) -> dict[str, float]:
    """Everything on one empty database."""
    store = Store(Database(url), bytes(32))
    await upgrade(store.database)
    await seed_built_ins(store)
    for bars in {bars for _, bars in CASES}:
        await store.candles.add(_candles(bars))
    owner = (await store.accounts.add("Bench", "-", "user", now(), must_change=False)).user()
    bench = Bench(store, owner)
    await bench.service.start()
    found: dict[str, float] = {}
    last = ""
    for graph, bars in CASES:
        found[f"{graph}, {bars:,} bars, cold"] = _median([await bench.cold(graph, bars) for _ in range(COLD)])
        runs = [await bench.seconds(graph, bars) for _ in range(ROUNDS)]
        last = runs[-1][0]
        found[f"{graph}, {bars:,} bars, warm"] = _median([seconds for _, seconds in runs])
    await bench.service.stop()
    found |= await bench.traces(last)
    async with store.database.read() as connection:
        size = sa.select(sa.func.sum(sa.func.length(backtest_traces.c.data))).where(
            backtest_traces.c.backtest_id == last
        )
        found["bytes of that trace"] = float((await connection.execute(size)).scalar() or 0)
    await store.close()
    return found


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = asyncio.run(measured(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"))
    with postgresql(durable=True) as server:
        postgres = asyncio.run(measured(server.url("postgres")))
    engine = {f"{graph}, {bars:,} bars": headless(graph, bars) for graph, bars in CASES}
    rows = [
        [name, f"{sqlite[name]:.3f}", f"{postgres[name]:.3f}", f"{engine[name.rpartition(', ')[0]]:.3f}"]
        for name in sqlite
        if name.rpartition(", ")[0] in engine
    ]
    print(table(["seconds from order to done", "SQLite", "PostgreSQL", "engine alone"], rows))
    rest = [name for name in sqlite if name.rpartition(", ")[0] not in engine]
    print(table(["trace of the last run", "SQLite", "PostgreSQL"],
                [[name, f"{sqlite[name]:,.0f}", f"{postgres[name]:,.0f}"] for name in rest]))  # fmt: skip


if __name__ == "__main__":
    main()
