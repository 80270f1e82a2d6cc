"""Fetches of candles in the background: one at a time per series, told to every page while they run."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import msgspec

from engine.errors import InputError
from engine.time_check import instant_text
from server.adapters.bybit_rest import BybitRest
from server.adapters.candle_fetch import fetch_candles, fetch_funding, fetch_rules
from server.errors import Conflict, NotFound, TooMany
from server.store.candles import CandleSeries
from server.store.instruments import Instruments
from server.store.series import FUNDING, check_name

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
TOPIC = "candles"
_AT_ONCE = 2  # the exchange counts requests per address
_TELL_MS = 500  # least time between two events of one fetch
_MOST = 20  # fetches under way or waiting for their turn
_KEPT = 20  # ended fetches that are still shown

logger = logging.getLogger("tradegraph.candles")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which candles to fetch, from `start` to before `end` (ms UTC)."""

    symbol: str
    timeframe: str
    start: int
    end: int
    funding: bool = False


class Fetch(msgspec.Struct, frozen=True, kw_only=True):
    """How a fetch stands; `done` and `total` count bars, `message` tells why it failed."""

    symbol: str
    timeframe: str
    status: Status
    done: int = 0
    total: int = 0
    message: str = ""
    started_at: int = 0

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return self.status in ("waiting", "running")


class Publisher(Protocol):
    """The live channel, as far as it is needed here."""

    async def publish(self, topic: str, data: dict[str, Any], owner: str | None) -> Any:
        """Tell everybody (`owner` None)."""
        ...


class Fetches:
    """The fetches of this process.  `rest` makes a client of the exchange, which is used in threads."""

    def __init__(
        self,
        series: CandleSeries,
        instruments: Instruments,
        live: Publisher,
        *,
        clock: Callable[[], int],
        rest: Callable[[], BybitRest] = BybitRest,
    ) -> None:
        self._series, self._instruments, self._live = series, instruments, live
        self._clock, self._rest = clock, rest
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._states: dict[tuple[str, str], Fetch] = {}
        self._told: dict[tuple[str, str], int] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def start(self, asked: Asked) -> Fetch:
        """Begins to fetch.  Raises InputError, Conflict if this series is being fetched, TooMany."""
        check_name(asked.symbol, asked.timeframe)
        if asked.timeframe == FUNDING:
            raise InputError("funding is fetched along with candles; give their timeframe")
        if asked.start >= asked.end:
            raise InputError(f"the start lies not before the end {instant_text(asked.end)}; give an earlier date")
        key = (asked.symbol, asked.timeframe)
        if key in self._tasks:
            raise Conflict(f"{asked.symbol} {asked.timeframe} is being fetched already; wait for it or cancel it")
        if len(self._tasks) >= _MOST:
            raise TooMany(f"{_MOST} fetches are under way; wait until one of them has ended", retry_after=60)
        state = Fetch(symbol=asked.symbol, timeframe=asked.timeframe, status="waiting", started_at=self._clock())
        self._put(state)
        task = asyncio.create_task(self._run(asked), name=f"fetch {asked.symbol} {asked.timeframe}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return state

    async def cancel(self, symbol: str, timeframe: str) -> Fetch:
        """Ends a fetch; what it has fetched stays.  Raises NotFound if there is none."""
        task = self._tasks.get((symbol, timeframe))
        if task is None:
            raise NotFound(f"{symbol} {timeframe} is not being fetched")
        task.cancel()
        await asyncio.wait([task])
        return self._states[symbol, timeframe]

    def list(self) -> Sequence[Fetch]:
        """All fetches since the start of the process, the newest first."""
        return sorted(self._states.values(), key=lambda state: -state.started_at)

    async def close(self) -> None:
        """Ends all fetches and waits until what they hold is stored."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._telling, return_exceptions=True)

    async def _run(self, asked: Asked) -> None:
        key = (asked.symbol, asked.timeframe)
        try:
            await self._tell(key)
            async with self._turns:
                self._change(key, status="running")
                await self._fetch(asked)
            self._change(key, status="done")
        except asyncio.CancelledError:
            self._change(key, status="cancelled")
        except InputError as error:
            self._change(key, status="failed", message=str(error))
        except Exception as error:
            logger.exception("fetching %s %s failed", *key, extra={"event": "fetch_failed"})
            self._change(key, status="failed", message=f"a fault in Tradegraph ({type(error).__name__}); see the log")
        await asyncio.gather(*self._telling)
        await self._tell(key)

    async def _fetch(self, asked: Asked) -> None:
        key, rest, now = (asked.symbol, asked.timeframe), self._rest(), self._clock()
        span = (asked.start, asked.end)
        await fetch_candles(
            rest, self._series, *key, *span, now=now, progress=lambda done, total: self._progress(key, done, total)
        )
        if asked.funding:
            await fetch_funding(rest, self._series, asked.symbol, asked.start, min(asked.end, now))
        await fetch_rules(rest, self._instruments, asked.symbol, now=now)

    def _progress(self, key: tuple[str, str], done: int, total: int) -> None:
        self._change(key, done=done, total=total)
        if self._clock() - self._told.get(key, 0) >= _TELL_MS:
            self._told[key] = self._clock()
            telling = asyncio.create_task(self._tell(key))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    def _change(self, key: tuple[str, str], **values: Any) -> None:
        self._states[key] = msgspec.structs.replace(self._states[key], **values)

    def _put(self, state: Fetch) -> None:
        self._states[state.symbol, state.timeframe] = state
        for old in [s for s in self.list() if not s.active][_KEPT:]:
            del self._states[old.symbol, old.timeframe]

    async def _tell(self, key: tuple[str, str]) -> None:
        await self._live.publish(TOPIC, msgspec.to_builtins(self._states[key]), None)
