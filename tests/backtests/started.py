"""A service that runs, and what tests ask of it."""

from typing import Any

import sqlalchemy as sa

from engine.candles import Candles
from engine.request import Request
from engine.result import Result
from server.backtests import job
from server.backtests.ask import Ask, MarketAsk
from server.backtests.limits import Limits
from server.backtests.service import Backtests
from server.backtests.tables import Inputs, MarketInputs, request_of, table_of
from server.clock import now
from server.graph_checks import registry
from server.live import Live
from server.people import User
from server.store import tables
from server.store.backtests import StoredBacktest
from server.store.events import Event
from server.store.store import Store

PARTS = (tables.backtest_trades, tables.backtest_columns, tables.backtest_traces)


class Started:
    """A service with its store and one person who asks."""

    def __init__(self, store: Store, live: Live, owner: User, limits: Limits) -> None:
        self.store, self.live, self.owner = store, live, owner
        self.service = Backtests(store=store, live=live, clock=now, limits=limits)

    async def submit(self, candles: Candles, graph: str = "ema_cross", **changes: Any) -> str:
        """The id of a back-test that was asked for."""
        return await self.service.submit(ask(candles, graph, **changes), self.owner)

    async def until(self, run: str, *stages: str) -> Event:
        """The first event of a run at one of some stages."""
        async for event in self.live.stream(self.owner.id, 0):
            if event and event.data["id"] == run and event.data["stage"] in stages:
                return event
        raise AssertionError("the channel was closed")

    async def ended(self, run: str) -> StoredBacktest:
        """A run once it has ended, however."""
        async for event in self.live.stream(self.owner.id, 0):
            if event and event.data["id"] == run and event.data["status"] not in ("queued", "running"):
                break
        return await self.store.backtests.find(run, self.owner)

    async def parts(self, run: str) -> list[int]:
        """How many rows of trades, columns and trace belong to a run."""
        return await parts_of(self.store, run)


def ask(candles: Candles, graph: str = "ema_cross", **changes: Any) -> Ask:
    """An order on stored candles."""
    values: dict[str, Any] = {
        "graph": graph,
        "markets": [MarketAsk(symbol=candles.symbol, timeframe=candles.timeframe)],
    }
    return Ask(**values | changes)


async def parts_of(store: Store, run: str) -> list[int]:
    """How many rows of trades, columns and trace belong to a run."""
    async with store.database.read() as connection:
        return [
            (
                await connection.execute(sa.select(sa.func.count()).where(part.c.backtest_id == run))
            ).scalar_one()
            for part in PARTS
        ]  # fmt: skip


def inputs_of(document: str, candles: Candles, policy: Any, **values: Any) -> Inputs:
    """The inputs of a run on one market."""
    return Inputs(
        document=document, policy=policy, capital=10_000.0, markets=[MarketInputs(base=0)],
        tables=[table_of(candles)], **values,
    )  # fmt: skip


def headless(inputs: Inputs) -> tuple[Request, Result]:
    """The same run made here."""
    request = request_of(inputs)
    return request, job.executed(request, registry(), lambda *_: None)[1]
