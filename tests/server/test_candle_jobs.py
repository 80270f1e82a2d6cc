"""Fetches in the background: told as they go on, one per series, cancelled, and never lost without a word."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from engine.errors import InputError
from engine.timeframe import HOUR
from server.adapters.bybit_rest import BybitRest
from server.candle_jobs import Asked, Fetch, Fetches
from server.errors import Conflict, NotFound, TooMany
from server.live import Live
from server.store.store import Store
from tests.server.bybit_market import NOW, FakeBybit, serving

START = 1_704_067_200_000


@pytest.fixture
def fake() -> Generator[FakeBybit]:
    with serving(FakeBybit()) as served:
        yield served


@pytest.fixture
async def fetches(store: Store, fake: FakeBybit) -> AsyncGenerator[Fetches]:
    def rest() -> BybitRest:
        return BybitRest(fake.url, timeout=5, attempts=1, pause=0)

    live = Live(store.events, lambda: NOW)
    made = Fetches(store.candles, store.instruments, live, clock=lambda: NOW, rest=rest)
    yield made
    await made.close()


def asked(symbol: str = "BTCUSDT", last: int = 2500, **values: Any) -> Asked:
    return Asked(symbol=symbol, timeframe="1h", start=START, end=START + last * HOUR, **values)


async def ended(fetches: Fetches) -> Fetch:
    """The state of the only fetch, when it has ended."""
    await asyncio.gather(*fetches._tasks.values())
    (state,) = fetches.list()
    return state


def held_up(fake: FakeBybit) -> tuple[threading.Event, threading.Event]:
    """The exchange waits at its second answer: `reached` is set then, and `go` lets it answer."""
    reached, go = threading.Event(), threading.Event()
    answer = fake.answer

    def slow(path: str, query: dict[str, str]) -> dict[str, Any]:
        if len(fake.requests) == 2:
            reached.set()
            go.wait(20)
        return answer(path, query)

    fake.answer = slow  # type: ignore[method-assign]
    return reached, go


async def test_a_fetch_stores_candles_funding_and_rules_and_tells_of_it(fetches: Fetches, store: Store) -> None:
    began = fetches.start(asked(funding=True))
    state = await ended(fetches)

    assert (began.status, state.status, state.done, state.total) == ("waiting", "done", 2500, 2500)
    stored = {(s.symbol, s.timeframe): s.rows for s in await store.candles.list()}
    assert stored == {("BTCUSDT", "1h"): 2500, ("BTCUSDT", "funding"): 313}
    assert [rules.tick for rules in await store.instruments.list()] == ["0.10"]
    told = [event.data for event in await store.events.after(0, "anybody")]
    assert told[0]["status"] == "waiting" and told[-1]["status"] == "done"
    assert told[-1]["done"] == told[-1]["total"] == 2500
    assert {t["symbol"] for t in told} == {"BTCUSDT"}


async def test_a_second_time_nothing_is_missing(fetches: Fetches, fake: FakeBybit) -> None:
    fetches.start(asked())
    await ended(fetches)
    fake.requests.clear()
    fetches.start(asked())
    state = await ended(fetches)

    assert (state.status, state.done, state.total) == ("done", 0, 0)
    assert [path for path, _ in fake.requests] == ["/v5/market/instruments-info"]


async def test_one_at_a_time_per_series_and_what_was_fetched_before_a_cancel_stays(
    fetches: Fetches, fake: FakeBybit, store: Store
) -> None:
    reached, go = held_up(fake)
    fetches.start(asked())
    await asyncio.to_thread(reached.wait, 20)

    with pytest.raises(Conflict, match="BTCUSDT 1h is being fetched already; wait for it or cancel it"):
        fetches.start(asked())
    state = await fetches.cancel("BTCUSDT", "1h")
    go.set()
    assert (state.status, state.done) == ("cancelled", 999)
    assert [s.rows for s in await store.candles.list()] == [999]
    with pytest.raises(NotFound, match="BTCUSDT 1h is not being fetched"):
        await fetches.cancel("BTCUSDT", "1h")
    fetches.start(asked())
    assert (await ended(fetches)).status == "done"
    assert [s.rows for s in await store.candles.list()] == [2500]


async def test_the_end_of_the_server_keeps_what_was_fetched(fetches: Fetches, fake: FakeBybit, store: Store) -> None:
    reached, go = held_up(fake)
    fetches.start(asked())
    await asyncio.to_thread(reached.wait, 20)
    await fetches.close()
    go.set()

    assert [state.status for state in fetches.list()] == ["cancelled"]
    assert [s.rows for s in await store.candles.list()] == [999]


async def test_a_failure_is_one_sentence(fetches: Fetches, fake: FakeBybit, store: Store) -> None:
    fetches.start(asked("NOPE"))
    state = await ended(fetches)
    assert state.status == "failed"
    assert "refused the request (10001 params error: Symbol Invalid)" in state.message
    told = [event.data for event in await store.events.after(0, "anybody")]
    assert told[-1]["message"] == state.message
    fake.answer = lambda path, query: {"retCode": 0, "result": {"list": [["x"] * 7]}}  # type: ignore[method-assign]
    fetches.start(asked("NOPE"))
    assert "is no number" in (await ended(fetches)).message


async def test_there_is_an_end_to_what_may_wait(fetches: Fetches, fake: FakeBybit) -> None:
    for number in range(20):
        fetches.start(asked(f"X{number}"))
    with pytest.raises(TooMany, match="20 fetches are under way"):
        fetches.start(asked())
    assert [state.active for state in fetches.list()] == [True] * 20


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"symbol": "../x"}, "symbol '../x' cannot be stored"),
        ({"timeframe": "7h"}, "timeframe '7h' is not known"),
        ({"timeframe": "funding"}, "funding is fetched along with candles"),
        ({"start": NOW, "end": NOW}, "the start lies not before the end"),
    ],
)
async def test_what_cannot_be_fetched(values: dict[str, Any], message: str, fetches: Fetches) -> None:
    whole: dict[str, Any] = {"symbol": "BTCUSDT", "timeframe": "1h", "start": START, "end": NOW} | values
    with pytest.raises(InputError, match=message):
        fetches.start(Asked(**whole))
    assert fetches.list() == []
