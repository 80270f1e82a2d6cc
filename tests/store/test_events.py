"""Events keep their order, belong to somebody, and are replayed without gap or double."""

import asyncio
import itertools
from collections.abc import AsyncGenerator

import pytest
import sqlalchemy as sa

from server import live as live_module
from server.errors import TooMany
from server.live import Live
from server.store.database import Database
from server.store.events import Event
from server.store.store import Store
from server.store.tables import users

ANN, BEN = "ann", "ben"


@pytest.fixture
async def people(database: Database) -> None:
    """Two users for events to belong to."""
    common = {"password": "", "role": "user", "active": True, "must_change": False, "created_at": 0}
    async with database.write() as connection:
        await connection.execute(
            sa.insert(users), [{"id": name, "name": name, "key": name, **common} for name in (ANN, BEN)]
        )


@pytest.fixture
def live(store: Store, people: None) -> Live:
    ticks = itertools.count(1_000)
    return Live(store.events, lambda: next(ticks))


async def taken(stream: AsyncGenerator[Event | None], count: int) -> list[int]:
    """The numbers that the next events carry."""
    numbers: list[int] = []
    async with asyncio.timeout(60):
        async for event in stream:
            if event is not None:
                numbers.append(event.data["n"])
            if len(numbers) == count:
                break
    await stream.aclose()
    return numbers


async def test_an_event_is_kept_as_it_was_published(store: Store, live: Live) -> None:
    first = await live.publish("backtest", {"id": "x", "progress": 0.5}, ANN)
    second = await live.publish("notice", {"text": "é"}, None)
    assert first.id < second.id
    assert await store.events.after(0, ANN) == [first, second]
    assert await live.last() == second.id


async def test_nobody_sees_events_of_others(store: Store, live: Live) -> None:
    for number, owner in enumerate([ANN, BEN, None, ANN, BEN]):
        await live.publish("t", {"n": number}, owner)
    assert [e.data["n"] for e in await store.events.after(0, BEN)] == [1, 2, 4]
    assert await taken(live.stream(BEN, 0), 3) == [1, 2, 4]
    listening = asyncio.create_task(taken(live.stream(ANN, await live.last()), 1))
    await asyncio.sleep(0)
    await live.publish("t", {"n": 5}, BEN)
    await live.publish("t", {"n": 6}, ANN)
    assert await listening == [6]


@pytest.mark.parametrize("queue", [2, 256])
async def test_replay_and_live_join_without_gap_or_double(
    live: Live, monkeypatch: pytest.MonkeyPatch, queue: int
) -> None:
    """Listeners come at any time while events are published; with a queue of two they also fall behind."""
    monkeypatch.setattr(live_module, "QUEUE", queue)
    count = 120

    async def publish() -> None:
        for number in range(count):
            await live.publish("t", {"n": number}, None if number % 2 else ANN)

    async def listen(after_how_many: int) -> list[int]:
        while await live.last() < after_how_many:
            await asyncio.sleep(0)
        return await taken(live.stream(ANN, 0), count)

    heard, *_ = await asyncio.gather(asyncio.gather(*(listen(n) for n in (0, 1, 30, 60, 119))), publish())
    assert heard == [list(range(count))] * 5


async def test_a_slow_listener_loses_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "QUEUE", 3)
    stream = live.stream(ANN, 0)
    await live.publish("t", {"n": 0}, ANN)
    first = await anext(stream)
    assert first and first.data == {"n": 0}
    for number in range(1, 20):
        await live.publish("t", {"n": number}, ANN)
    assert await taken(stream, 19) == list(range(1, 20))


async def test_a_later_id_is_never_seen_before_an_earlier(store: Store, people: None) -> None:
    """Whoever has seen id n has had the chance to see all before it: the next event waits for the commit."""
    async with store.database.write() as connection:
        first = await store.events._add(connection, "t", {}, None, 1)
        later = asyncio.create_task(store.events.add("t", {}, None, 2))
        done, _ = await asyncio.wait([later], timeout=0.2)
        assert not done
    assert (await later).id == first.id + 1
    assert [e.at for e in await store.events.after(0, ANN)] == [1, 2]


async def test_silence_is_told_and_close_ends_all_streams(live: Live) -> None:
    stream = live.stream(ANN, None, heartbeat=0.001)
    assert await anext(stream) is None
    others = [asyncio.create_task(taken(live.stream(ANN, None), 1)) for _ in range(3)]
    await asyncio.sleep(0)
    live.close()
    assert await asyncio.gather(*others) == [[], [], []]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_streams_of_one_user_are_limited(live: Live) -> None:
    streams = [live.stream(ANN, None, heartbeat=0.001) for _ in range(live_module.PER_USER)]
    for stream in streams:
        await anext(stream)
    with pytest.raises(TooMany, match="32 live streams are open already"):
        live.stream(ANN, None)
    live.stream(BEN, None)
    await streams[0].aclose()
    live.stream(ANN, None)
    for stream in streams:
        await stream.aclose()


async def test_old_events_go_and_ids_never_come_back(store: Store, people: None) -> None:
    for at in (10, 20, 30):
        await store.events.add("t", {"n": at}, ANN, at)
    assert await store.events.prune(25) == 2
    assert [e.data["n"] for e in await store.events.after(0, ANN)] == [30]
    assert await store.events.prune(1_000) == 0, "the newest stays: pages go on after its id"
    assert (await store.events.add("t", {}, ANN, 40)).id == 4


async def test_a_shorter_time_is_in_force_at_once(store: Store, people: None) -> None:
    for at in (10, 20, 990):
        await store.events.add("t", {"n": at}, None, at)
    live = Live(store.events, lambda: 1_000)
    await live.keep(100)
    assert [event.data["n"] for event in await store.events.after(0, ANN)] == [990]


async def test_publishing_prunes_now_and_then(store: Store, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "_PRUNE_EVERY", 5)
    ticks = itertools.count(0, 100)
    live = Live(store.events, lambda: next(ticks), keep_ms=200)
    for number in range(5):
        await live.publish("t", {"n": number}, None)
    assert [e.data["n"] for e in await store.events.after(0, ANN)] == [2, 3, 4]
