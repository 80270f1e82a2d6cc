"""The one writer of the log table.

Any thread may log; lines wait in a bounded queue and one task writes them in batches.  When the database is away the
lines wait; when there is no room they are counted and the loss is told.  What the writer itself causes to be logged is
not stored: it would never end.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from server.clock import now
from server.logs.levels import OURS
from server.logs.line import line_of
from server.store.logs import LogLine, Logs

ROOM = 5_000  # lines that may wait
BATCH = 500
KEEP_MS = 30 * 86_400_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0  # seconds between attempts while the database is away
_PRUNE_EVERY = 3600.0
_writing: ContextVar[bool] = ContextVar("writing", default=False)


def _tell(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody may listen there
        print(f"tradegraph: {text}", file=sys.stderr, flush=True)


class LogWriter(logging.Handler):
    """Add it to the root logger, `start` it in the loop, `close` it with `stop`."""

    def __init__(
        self, logs: Logs, *, room: int = ROOM, keep_ms: int = KEEP_MS, tell: Callable[[str], None] = _tell
    ) -> None:
        super().__init__()
        self._logs = logs
        self._room = room
        self._keep_ms = keep_ms
        self._tell = tell
        self._waiting: deque[LogLine] = deque()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._pruned = float("-inf")
        self.lost = 0  # lines that found no room and were not yet reported in the table

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record that is worth keeping.  Never waits, never raises."""
        if _writing.get() or not _is_kept(record):
            return
        try:
            line = line_of(record)
        except Exception:
            self.handleError(record)
            return
        if len(self._waiting) >= self._room:
            self._lose(1, "there is no room for more")
        else:
            self._waiting.append(line)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._woken.set)

    def start(self) -> None:
        """Begin to write, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._woken.set()
        self._task = self._loop.create_task(self._run())

    async def stop(self, seconds: float = 2.0) -> None:
        """Write what waits, as far as there is time, and end."""
        self._ending.set()
        self._woken.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=seconds)
            for task in late:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._waiting:
            self._lose(len(self._waiting), "the database did not take them before the end")
            self._waiting.clear()
        self._loop = None

    def _lose(self, count: int, reason: str) -> None:
        if not self.lost:
            self._tell(f"log lines are lost: {reason}")
        self.lost += count

    async def _run(self) -> None:
        _writing.set(True)
        pause = _FIRST_PAUSE
        while self._waiting or self.lost or not self._ending.is_set():
            if not self._waiting and not self.lost:
                await self._woken.wait()
                self._woken.clear()
                continue
            try:
                await self._write_batch()
                pause = _FIRST_PAUSE
            except Exception as error:  # whatever keeps the database from answering: the lines wait
                if pause == _FIRST_PAUSE:
                    self._tell(f"the log table cannot be written now ({type(error).__name__}: {error}); lines wait")
                if self._ending.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._ending.wait()
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _write_batch(self) -> None:
        lost = self.lost
        batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
        await self._store([*batch, *([_loss(lost)] if lost else [])])
        for _ in batch:
            self._waiting.popleft()
        self.lost -= lost
        if lost:
            self._tell(f"{lost} log lines were lost")
        if time.monotonic() - self._pruned > _PRUNE_EVERY:
            self._pruned = time.monotonic()
            await self._logs.prune(now() - self._keep_ms)

    async def _store(self, lines: Sequence[LogLine]) -> None:
        try:
            await self._logs.add(lines)
        except Exception as error:
            if not _is_of_the_data(error):
                raise
            if len(lines) == 1:  # one line that no database takes must not hold up the others
                self._tell(f"a log line cannot be stored ({type(error).__name__}): {lines[0].message[:200]!r}")
                return
            for line in lines:
                await self._store([line])


def _is_kept(record: logging.LogRecord) -> bool:
    """Warnings and worse of everybody, and information of ours that names an event."""
    if record.levelno >= logging.WARNING:
        return True
    return record.levelno >= logging.INFO and record.name.startswith(OURS) and bool(getattr(record, "event", ""))


def _is_of_the_data(error: Exception) -> bool:
    """Whether trying again is of no use.  SQLSTATE 22 is data that does not fit, 23 a constraint."""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", ""))
        return isinstance(error, DataError | IntegrityError) or state.startswith(("22", "23"))
    return isinstance(error, TypeError | ValueError)


def _loss(count: int) -> LogLine:
    return LogLine(
        at=now(), level=logging.WARNING, component="logs", event="lines_lost",
        message=f"{count} log lines were lost because the queue was full", context={"lost": count},
    )  # fmt: skip
