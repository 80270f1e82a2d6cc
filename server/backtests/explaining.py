"""Explanations of old back-tests, when somebody asks: the run is made again from what was stored with it.

A worker of its own does that, so that a question never waits for a run.
"""

import asyncio
from typing import Any

import msgspec

from server.backtests import frames
from server.backtests.limits import Limits
from server.backtests.process import WorkerDied, WorkerProcess
from server.backtests.tables import Inputs
from server.errors import Conflict, NotFound, Unavailable
from server.people import User
from server.store.backtests import StoredBacktest
from server.store.store import Store

_Question = frames.Why | frames.Slice | frames.Report


class Explaining:
    """Asks the worker; sends it the run first if it does not know it."""

    def __init__(self, store: Store, worker: WorkerProcess, limits: Limits) -> None:
        self._store, self._worker, self._limits = store, worker, limits
        self._turn = asyncio.Lock()

    async def why(self, run: StoredBacktest, viewer: User, market: int, row: int) -> bytes:
        """Why a bar was, or was not, an entry.  Raises NotFound for a bar that is not there, Conflict, Unavailable."""
        markets = _result(run)["markets"]
        if market >= len(markets) or row >= markets[markets[market]["trace"]]["rows"]:
            raise NotFound("this back-test has no such market or bar")
        return await self._ask(run, viewer, frames.Why(id=run.id, market=market, row=row))

    async def slice(self, run: StoredBacktest, viewer: User, number: int) -> bytes:
        """Why a trade was made.  Raises as `why`."""
        if not 1 <= number <= _result(run)["trades"]:
            raise NotFound(f"this back-test has no trade {number}")
        return await self._ask(run, viewer, frames.Slice(id=run.id, number=number))

    async def report(self, run: StoredBacktest, viewer: User) -> bytes:
        """The page report.html.  Raises as `why`."""
        _result(run)
        return await self._ask(run, viewer, frames.Report(id=run.id))

    async def _ask(self, run: StoredBacktest, viewer: User, question: _Question) -> bytes:
        try:
            async with asyncio.timeout(60 * self._limits.minutes), self._turn:
                answer = await self._worker.ask(question)
                if isinstance(answer, frames.Absent):
                    answer = await self._worker.ask(await self._look(run, viewer))
                    if isinstance(answer, frames.Told):
                        answer = await self._worker.ask(question)
        except (WorkerDied, TimeoutError) as error:
            raise Unavailable(f"this run cannot be made again now: {error or 'it takes too long'}; try again") from None
        if isinstance(answer, frames.Told):
            return answer.data
        assert isinstance(answer, frames.Failed)
        raise Conflict(answer.message)

    async def _look(self, run: StoredBacktest, viewer: User) -> frames.Look:
        kept = await self._store.backtests.columns(run.id, viewer, ["inputs", "trades"])
        pieces = await self._store.backtests.columns_like(run.id, viewer, "table.")
        inputs = await asyncio.to_thread(_with_pieces, kept["inputs"], pieces)
        return frames.Look(id=run.id, inputs=inputs, logic_hash=_result(run)["logic_hash"], trades=kept["trades"])

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()


def _result(run: StoredBacktest) -> dict[str, Any]:
    if run.result is None:
        raise Conflict(f"this back-test is not done ({run.status}), so there is nothing to explain")
    return run.result


def _with_pieces(manifest: bytes, pieces: dict[str, bytes]) -> Inputs:
    """The inputs of a run, whole again."""
    inputs = msgspec.msgpack.decode(manifest, type=Inputs)
    for number, table in enumerate(inputs.tables):
        places = sorted(int(name.rpartition(".")[2]) for name in pieces if name.startswith(f"table.{number}."))
        table.pieces = [pieces[f"table.{number}.{place}"] for place in places]
    return inputs
