"""The server's side of a worker process: whatever happens to it, an answer belongs to its own question."""

import os
import select
import signal

import pytest

from engine.matching.policy import policy_named
from server.backtests import frames
from server.backtests.process import WorkerDied, WorkerProcess
from server.graphs import BUILT_IN
from tests.backtests.conftest import LONG, SHORT
from tests.backtests.started import inputs_of

PATIENCE = 60.0  # seconds
DOCUMENT = (BUILT_IN / "ema_cross.json").read_text()


def run_on(candles: object, name: str) -> frames.Run:
    return frames.Run(id=name, inputs=inputs_of(DOCUMENT, candles, policy_named("bybit_linear")))  # type: ignore[arg-type]


def end(pid: int) -> None:
    """Kill a process and wait until it is gone, without the event loop hearing of it."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([handle], [], [], PATIENCE)[0]
    os.close(handle)


async def test_one_that_died_while_it_waited_is_replaced() -> None:
    worker = WorkerProcess(0)
    try:
        assert isinstance(await worker.ask(run_on(SHORT, "a")), frames.Done)
        assert worker.pid
        end(worker.pid)
        assert isinstance(await worker.ask(run_on(SHORT, "b")), frames.Done)
    finally:
        await worker.close()


async def test_one_that_dies_at_work_is_not_asked_again() -> None:
    worker, seen = WorkerProcess(0), 0

    async def strike(_: frames.Progress) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            assert worker.pid
            end(worker.pid)

    with pytest.raises(WorkerDied, match="ran out of memory, or by somebody"):
        await worker.ask(run_on(LONG, "a"), strike)
    await worker.close()


async def test_what_is_left_of_a_broken_question_is_not_the_answer_to_the_next() -> None:
    worker = WorkerProcess(0)

    async def stumble(_: frames.Progress) -> None:
        raise OSError("the database is away")

    try:
        with pytest.raises(OSError, match="away"):
            await worker.ask(run_on(LONG, "a"), stumble)
        answer = await worker.ask(run_on(SHORT, "b"))
        assert isinstance(answer, frames.Done) and answer.finished.result["bars"] < len(SHORT) + 1
    finally:
        await worker.close()
