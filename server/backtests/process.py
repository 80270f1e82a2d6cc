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
        return "killed: by the system because the machine ran out of memory, or by somebody"
    if code == -6:
        return "by signal 6: a library gave up, most likely because the run reached the memory it may take"
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


class _Mute(WorkerDied):
    """It is gone and has said nothing to what it was asked."""


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
        """The answer to a message.  Raises WorkerDied; one message at a time, the others wait.

        One that died while it waited for work is noticed only now, and another takes its place.
        """
        data = await asyncio.to_thread(frames.framed, message)
        async with self._turn:
            waited = self.alive
            try:
                return await self._asked(data, on_progress)
            except _Mute as error:
                if not waited:
                    raise WorkerDied(error.code) from None
            try:
                return await self._asked(data, on_progress)
            except _Mute as error:
                raise WorkerDied(error.code) from None

    async def _asked(self, data: bytes, on_progress: OnProgress | None) -> frames.Answer:
        await self.start()
        process, heard = self._process, False
        assert process and process.stdin and process.stdout
        try:
            process.stdin.write(data)
            await process.stdin.drain()
            while True:
                answer = await frames.receive(process.stdout)
                if isinstance(answer, frames.Ready):
                    continue
                if not isinstance(answer, frames.Progress):
                    return answer
                heard = True
                if on_progress:
                    await on_progress(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._killed = True
            raise (WorkerDied if heard else _Mute)(await process.wait()) from None
        except BaseException:
            self.kill()  # what it still says would be taken for the answer to the next question
            raise

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
