"""A started service on a database of the test's own, two people, and candles to run on."""

from collections.abc import AsyncGenerator

import pytest

from engine.sim.synthetic import Market, synthetic_candles
from server.backtests.limits import Limits
from server.clock import now
from server.live import Live
from server.people import User
from server.store.graphs import seed_built_ins
from server.store.store import Store
from tests.backtests.started import Started

SHORT = synthetic_candles(7, 2_500, Market(timeframe="1h"))
LONG = synthetic_candles(11, 60_000, Market(timeframe="5m"))


async def person(store: Store, name: str) -> User:
    """An account of somebody."""
    return (await store.accounts.add(name, "-", "user", now(), must_change=False)).user()


async def _started(store: Store) -> AsyncGenerator[Started]:
    await seed_built_ins(store)
    await store.candles.add(SHORT)
    owner = await person(store, "Anna")
    started = Started(store, Live(store.events, now), owner, Limits())
    await started.service.start()
    yield started
    await started.service.stop()


@pytest.fixture
async def started(store: Store) -> AsyncGenerator[Started]:
    """The service, on both databases."""
    async for one in _started(store):
        yield one


@pytest.fixture
async def started_on_sqlite(sqlite_store: Store) -> AsyncGenerator[Started]:
    """The service, for what does not depend on the database."""
    async for one in _started(sqlite_store):
        await sqlite_store.candles.add(LONG)
        yield one
