"""Whatever is killed in the middle of a run: nothing is half-written, and the row says what happened."""

import asyncio
import os
import select
import signal
import subprocess
import sys

import pytest

from server.clock import now
from server.errors import Conflict, NotFound
from server.people import User
from server.store.store import Store
from tests.backtests.conftest import LONG, SHORT, person
from tests.backtests.started import Started, parts_of

STAGES = ("candles", "columns", "matching", "metrics", "trace", "explanations")
PATIENCE = 60.0  # seconds


async def test_a_killed_worker_fails_its_run_and_comes_back(started_on_sqlite: Started) -> None:
    (worker,) = started_on_sqlite.service.workers
    for number in range(10):
        run = await started_on_sqlite.submit(LONG)
        await started_on_sqlite.until(run, STAGES[number % 2 + 1], *STAGES[number % 2 + 2 :])
        assert worker.pid
        os.kill(worker.pid, signal.SIGKILL)
        found = await started_on_sqlite.ended(run)
        assert found.status == "failed" and found.error
        assert "ended" in found.error["message"] and "nothing of the run was kept" in found.error["message"]
        assert await started_on_sqlite.parts(run) == [0, 0, 0]
    last = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    assert last.status == "done", last.error


@pytest.mark.parametrize("stage", ["waiting", *STAGES])
async def test_cancelling_at_any_stage_leaves_a_cancelled_row(started_on_sqlite: Started, stage: str) -> None:
    run = await started_on_sqlite.submit(LONG)
    await started_on_sqlite.until(run, stage, "storing")
    cancelled = await started_on_sqlite.service.cancel(run, started_on_sqlite.owner)
    assert cancelled.status == "cancelled"
    after = await started_on_sqlite.ended(await started_on_sqlite.submit(SHORT))
    assert after.status == "done", after.error
    assert (await started_on_sqlite.store.backtests.find(run, started_on_sqlite.owner)).status == "cancelled"
    assert await started_on_sqlite.parts(run) == [0, 0, 0]
    with pytest.raises(Conflict):
        await started_on_sqlite.service.cancel(run, started_on_sqlite.owner)


async def test_strangers_cannot_cancel_or_ask(started_on_sqlite: Started) -> None:
    run = await started_on_sqlite.submit(SHORT)
    stranger = await person(started_on_sqlite.store, "Otto")
    with pytest.raises(NotFound):
        await started_on_sqlite.service.cancel(run, stranger)
    assert (await started_on_sqlite.ended(run)).status == "done"
    with pytest.raises(NotFound):
        await started_on_sqlite.service.why(run, stranger, 0, 5)
    with pytest.raises(NotFound):
        await started_on_sqlite.service.slice(run, stranger, 1)


async def test_many_orders_are_all_run_in_their_order(started_on_sqlite: Started) -> None:
    runs = await asyncio.gather(*(started_on_sqlite.submit(SHORT) for _ in range(8)))
    found = [await started_on_sqlite.ended(run) for run in runs]
    assert [run.status for run in found] == ["done"] * 8
    in_order = sorted(found, key=lambda run: (run.created_at, run.id))
    starts = [run.started_at or 0 for run in in_order]
    assert starts == sorted(starts)
    assert len({run.summary["total_return"] for run in found if run.summary}) == 1


def gone(pid: int) -> bool:
    """Whether a process ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE)[0])
    finally:
        os.close(handle)


def host(url: str, user: User, runs: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.backtests.host", url, user.id, str(runs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def test_a_killed_server_leaves_nothing_half_written(
    started_on_sqlite: Started, sqlite_url: str, sqlite_store: Store
) -> None:
    await started_on_sqlite.service.stop()
    owner, rows = started_on_sqlite.owner, sqlite_store.backtests
    for number in range(10):
        process = host(sqlite_url, owner, 1)
        assert process.stdout
        worker = int(process.stdout.readline().split()[1])
        stage = ("columns", "trace", "explanations", "storing")[number % 4]
        assert any(stage in line for line in process.stdout)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert gone(worker), "the worker outlived its server"
        process.stdout.close()
        for head in (await rows.list(owner)).items:
            whole = await parts_of(sqlite_store, head.id)
            assert all(whole) if head.status == "done" else not any(whole), head
    process = host(sqlite_url, owner, 1)
    told, _ = process.communicate(timeout=PATIENCE * 3)
    assert "done" in told
    for head in (await rows.list(owner)).items:
        assert head.status in ("done", "interrupted") and now() >= head.created_at
        if head.status == "interrupted":
            assert head.error and "the server ended while" in head.error["message"]
