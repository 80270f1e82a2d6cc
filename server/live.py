"""The live channel: what happens is stored, then told to everybody who listens and may know.

A listener names the last event it has seen.  It is first told what it missed, from the database, then what happens,
from a queue that it joined before: nothing is left out and nothing told twice.  One that is too slow for its queue
loses the queue, not the events: it reads them from the database again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from server.errors import TooMany
from server.store.events import Event, Events

QUEUE = 256  # events a listener may be behind before it reads the database again
PER_USER = 32  # open streams
HEARTBEAT = 15.0  # seconds of silence after which a listener is told that the line stands
KEEP_MS = 7 * 86_400_000
_PRUNE_EVERY = 1_000  # events


async def _to_its_end[T](reading: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives; if the browser hangs up meanwhile, its connection to the database is not torn."""
    return await asyncio.shield(asyncio.ensure_future(reading))


class _Listener:
    """The queue of one stream."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.waiting: deque[Event] = deque()
        self.behind = True  # it must read the database before its queue
        self.woken = asyncio.Event()

    def offer(self, event: Event) -> None:
        if event.owner not in (None, self.owner):
            return
        if len(self.waiting) >= QUEUE:
            self.waiting.clear()
            self.behind = True
        self.waiting.append(event)
        self.woken.set()


class Live:
    """Publishes events and streams them."""

    def __init__(self, events: Events, clock: Callable[[], int], *, keep_ms: int = KEEP_MS) -> None:
        self._events = events
        self._clock = clock
        self._keep_ms = keep_ms
        self._in_order = asyncio.Lock()
        self._listeners: set[_Listener] = set()
        self._closed = False

    async def keep(self, milliseconds: int) -> None:
        """How long events are kept from now on; older ones go at once."""
        self._keep_ms = milliseconds
        await self._events.prune(self._clock() - milliseconds)

    async def publish(self, topic: str, data: dict[str, Any], owner: str | None) -> Event:
        """Store an event and send it on; `owner` None = to everybody."""
        async with self._in_order:  # listeners get events in the order of their ids
            event = await self._events.add(topic, data, owner, self._clock())
            for listener in self._listeners:
                listener.offer(event)
        if event.id % _PRUNE_EVERY == 0:
            await self._events.prune(event.at - self._keep_ms)
        return event

    async def last(self) -> int:
        """The id of the newest event: where a page that is rendered now has to go on."""
        return await self._events.last()

    def stream(self, owner: str, after: int | None, *, heartbeat: float = HEARTBEAT) -> AsyncGenerator[Event | None]:
        """The events of one user after an id (None: from now on), until `close`; None after each silence."""
        if sum(listener.owner == owner for listener in self._listeners) >= PER_USER:
            raise TooMany(f"{PER_USER} live streams are open already; close some pages", retry_after=15)
        return self._stream(owner, after, heartbeat)

    async def _stream(self, owner: str, after: int | None, heartbeat: float) -> AsyncGenerator[Event | None]:
        listener = _Listener(owner)
        self._listeners.add(listener)
        try:
            last = await _to_its_end(self.last()) if after is None else after
            while not self._closed:
                page = await self._next(listener, last)
                for event in page:
                    last = event.id
                    yield event
                if not page and not await self._wait(listener, heartbeat):
                    yield None
        finally:
            self._listeners.discard(listener)

    async def _next(self, listener: _Listener, last: int) -> list[Event]:
        """What a listener has not been told yet, as far as it is at hand."""
        if listener.behind:
            listener.behind = False  # before the read: what overflows meanwhile makes us read again
            page = await _to_its_end(self._events.after(last, listener.owner))
            listener.behind |= bool(page)  # there may be more
            return page
        page = [event for event in listener.waiting if event.id > last]
        listener.waiting.clear()
        return page

    async def _wait(self, listener: _Listener, seconds: float) -> bool:
        """Whether something is there, or comes in time, or the channel closed."""
        if self._closed or listener.behind or listener.waiting:
            return True
        try:
            async with asyncio.timeout(seconds):
                await listener.woken.wait()
        except TimeoutError:
            return False
        listener.woken.clear()
        return True

    def close(self) -> None:
        """End all streams; the pages come back when the server does."""
        self._closed = True
        for listener in self._listeners:
            listener.woken.set()
