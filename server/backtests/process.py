"""The server's side of a worker process: start it, ask it, end it."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.errors import EngineError
from server.backtests import frames

_ROOT = Path(__file__).parents[2]
OnProgress = Callable[[frames.Progress], Awaitable[None]]


class WorkerDied(EngineError):
    """The worker is gone; `code` is its exit code, negative = the signal that ended it."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"the worker process ended ({_words(code)})")


def _words(code: int) -> str:
    if code == -9:
        return "killed, most likely because the machine ran out of memory"
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


class WorkerProcess:
    """One worker; it is started when it is first needed, and again after its end."""

    def __init__(self, memory_mb: int) -> None:
        self._memory = memory_mb
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False  # told to end; that it has ended is noticed a little later
        self._turn, self._starting = asyncio.Lock(), asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None and not self._killed

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    async def start(self) -> None:
        """Begin to start it, unless it runs."""
        async with self._starting:
            if self.alive:
                return
            if self._process is not None:
                await self._process.wait()
            self._killed = False
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server.backtests.worker", str(self._memory), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, cwd=_ROOT, env=dict(os.environ),
                start_new_session=True,  # Ctrl-C goes to the server, which ends its workers in order
            )  # fmt: skip

    async def ask(self, message: frames.Message, on_progress: OnProgress | None = None) -> frames.Answer:
        """The answer to a message.  Raises WorkerDied; one message at a time, the others wait."""
        async with self._turn:
            await self.start()
            process = self._process
            assert process and process.stdin and process.stdout
            try:
                data = await asyncio.to_thread(frames.framed, message)
                process.stdin.write(data)
                await process.stdin.drain()
                return await self._answer(process.stdout, on_progress)
            except (asyncio.IncompleteReadError, ConnectionError):
                self._killed = True
                raise WorkerDied(await process.wait()) from None
            except asyncio.CancelledError:
                self.kill()  # what it still says would be taken for the answer to the next question
                raise

    async def _answer(self, pipe: asyncio.StreamReader, on_progress: OnProgress | None) -> frames.Answer:
        while True:
            answer = await frames.receive(pipe)
            if isinstance(answer, frames.Ready):
                continue
            if not isinstance(answer, frames.Progress):
                return answer
            if on_progress:
                await on_progress(answer)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self.alive:
            self._killed = True
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        """End it and wait until it is gone."""
        self.kill()
        if self._process is not None:
            await self._process.wait()
