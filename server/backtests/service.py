"""Back-tests of the server: what is asked for waits in the database, runs in a worker process, and is written whole.

The queue is the table: a run is claimed there, and only who still holds the claim may write.  When the server ends in
the middle of a run, its next start says so in the row, and goes on with what waits.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from engine.document import encode, logic_hash, with_params
from engine.errors import EngineError, GraphError, InputError
from server.backtests import frames
from server.backtests.ask import Ask
from server.backtests.explaining import Explaining
from server.backtests.gather import Chosen, Gatherer
from server.backtests.limits import Limits, limits_of
from server.backtests.process import WorkerDied, WorkerProcess
from server.errors import TooMany
from server.graph_checks import checked, graph_of
from server.ids import new_id
from server.people import User
from server.store.backtests import BacktestHead, StoredBacktest
from server.store.database import is_away
from server.store.outcome import Finished
from server.store.series import FUNDING
from server.store.store import Store

TOPIC = "backtest"
_NOTE_MS = 1000  # least time between two notes of the progress of one run in its row
_WARM_AFTER = 3.0  # seconds after the start
_PAUSE = 1.0  # seconds after a fault of the database, not to ask it a thousand times
_PAUSES = (0.5, 1, 2, 4, 8, 15, 30)  # seconds between attempts to store a result while the database is away
_log = logging.getLogger("tradegraph.backtests")
_GONE = (
    "the server ended while this back-test ran, and nothing of it was kept; run it again. If that happens every time,"
    " give it a shorter range or more memory"
)


class Publisher(Protocol):
    """The live channel, as far as it is needed here."""

    async def publish(self, topic: str, data: dict[str, Any], owner: str | None) -> Any:
        """Tell one owner."""
        ...


class Backtests:
    """Takes orders, runs them one after the other in its workers, and answers questions about old ones."""

    def __init__(
        self, *, store: Store, live: Publisher, clock: Callable[[], int], limits: Limits | None = None
    ) -> None:
        self._store, self._live, self._clock, self._given = store, live, clock, limits
        self._limits = limits or Limits()
        self._wake = asyncio.Condition()
        self._loops: list[asyncio.Task[None]] = []
        self._workers: list[WorkerProcess] = []
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._explaining: Explaining | None = None
        self._warming: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether every worker is there, at work or waiting."""
        return bool(self._loops) and all(not loop.done() for loop in self._loops)

    @property
    def workers(self) -> list[WorkerProcess]:
        """The processes that run back-tests."""
        return self._workers

    async def start(self) -> None:
        """Say what the last end interrupted, start the workers, and go on with what waits."""
        self._limits = self._given or limits_of(await self._store.settings.all())
        for head in await self._store.backtests.interrupt({"code": "interrupted", "message": _GONE}, self._clock()):
            _log.warning("back-test %s was interrupted", head.id, extra=_about(head, "interrupted"))
            await self._publish(head)
        self._workers = [WorkerProcess(self._limits.memory_mb) for _ in range(self._limits.workers)]
        self._explaining = Explaining(self._store, WorkerProcess(self._limits.memory_mb), self._limits)
        self._warming = asyncio.create_task(self._warm(), name="warming")
        self._loops = [asyncio.create_task(self._work(worker), name="back-tests") for worker in self._workers]

    async def _warm(self) -> None:
        """Start the workers before they are needed, but not while the server itself starts."""
        await asyncio.sleep(_WARM_AFTER)
        for worker in self._workers:
            await worker.start()

    async def stop(self) -> None:
        """End the workers; what runs is marked as interrupted at once."""
        tasks = [*self._loops, *([self._warming] if self._warming else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loops = []
        for worker in self._workers:
            await worker.close()
        if self._explaining:
            await self._explaining.close()
        message = "the server was stopped while this back-test ran, and nothing of it was kept; run it again"
        try:
            await self._store.backtests.interrupt({"code": "interrupted", "message": message}, self._clock())
        except Exception as error:
            if not is_away(error):
                raise
            _log.warning("the database is away (%s); the next start tells what ran", error, extra={"event": "untold"})

    # --- orders -------------------------------------------------------------------------------------------------------

    async def submit(self, ask: Ask, viewer: User) -> str:
        """Put a back-test into the queue and give its id.

        Raises NotFound for a graph that is not there, InputError and GraphError for what cannot be run.
        """
        ask.check()
        if await self._store.backtests.waiting(viewer.id) >= self._limits.waiting:
            raise TooMany(f"{self._limits.waiting} of your back-tests wait already; let some end first", retry_after=60)
        revision = await self._store.graphs.revision(ask.graph, viewer, ask.revision)
        document = await asyncio.to_thread(_tuned, revision.document, ask)
        chosen = await asyncio.to_thread(Chosen, graph_of(document), ask.markets)
        report = await checked(document, "backtest", chosen.timeframe)
        if not report.ok:
            raise GraphError(report.issues)
        await self._check_stored(ask)
        ask = msgspec.structs.replace(ask, revision=revision.number)
        graph = graph_of(document)
        markets = ", ".join(f"{m.symbol} {m.timeframe}" for m in chosen.bases)
        new = StoredBacktest(
            id=new_id(), owner_id=viewer.id, graph_id=ask.graph, revision=revision.number,
            name=ask.name.strip() or f"{graph.name} on {markets}"[:200], logic_hash=logic_hash(graph),
            document=document, request=msgspec.to_builtins(ask),
            status="queued", stage="waiting", progress=0.0, error=None,
            created_at=self._clock(), started_at=None, finished_at=None, seconds=None, summary=None, result=None,
        )  # fmt: skip
        await self._store.backtests.add(new)
        await self._publish(new)
        await self._woken()
        return new.id

    async def _check_stored(self, ask: Ask) -> None:
        """Raises InputError if candles or funding rates that were asked for are not stored."""
        wanted = [(m.symbol, t) for m in ask.markets for t in (m.timeframe, m.finer) if t]
        for symbol, timeframe in wanted:
            if await self._store.candles.find(symbol, timeframe) is None:
                raise InputError(f"no candles of {symbol} {timeframe} are stored; import a file or fetch them")
        for market in ask.markets:
            if market.funding and await self._store.candles.find(market.symbol, FUNDING) is None:
                raise InputError(f"no funding rates of {market.symbol} are stored; fetch them, or do without")

    async def cancel(self, backtest_id: str, viewer: User) -> StoredBacktest:
        """Take it out of the queue, or end its run at once.  Raises NotFound, Conflict if it has ended."""
        cancelled = await self._store.backtests.cancel(backtest_id, viewer, self._clock())
        if run := self._runs.get(backtest_id):
            run.cancel()
        await self._publish(cancelled)
        return cancelled

    async def why(self, backtest_id: str, viewer: User, market: int, row: int) -> bytes:
        """Why a bar was, or was not, an entry: JSON.  Raises what `Explaining` raises."""
        return await self._explainer.why(await self._store.backtests.find(backtest_id, viewer), viewer, market, row)

    async def slice(self, backtest_id: str, viewer: User, number: int) -> bytes:
        """The decision slice of a trade that was not kept: JSON."""
        return await self._explainer.slice(await self._store.backtests.find(backtest_id, viewer), viewer, number)

    async def report(self, backtest_id: str, viewer: User) -> bytes:
        """The run as one HTML file.  Raises as `why`."""
        return await self._explainer.report(await self._store.backtests.find(backtest_id, viewer), viewer)

    @property
    def _explainer(self) -> Explaining:
        assert self._explaining, "the back-tests were not started"
        return self._explaining

    # --- running ------------------------------------------------------------------------------------------------------

    async def _work(self, worker: WorkerProcess) -> None:
        """One run after the other; whatever goes wrong, the next one gets its turn."""
        while True:
            try:
                run = await self._next()
            except Exception:
                _log.exception("the queue of back-tests stumbled", extra={"event": "queue_fault"})
                await asyncio.sleep(_PAUSE)
                continue
            task = self._runs[run.id] = asyncio.create_task(self._run(run, worker), name=f"back-test {run.id}")
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                (error,) = await asyncio.gather(task, return_exceptions=True)
                self._runs.pop(run.id, None)
            if isinstance(error, Exception):
                await self._give_up(run, error)

    async def _give_up(self, run: StoredBacktest, error: Exception) -> None:
        """A run that could not be written failed as well, and its row says so as soon as the database is back."""
        what = f"its result could not be stored ({type(error).__name__}); see the log, and run it again"
        _log.error("back-test %s: %s", run.id, what, exc_info=error, extra=_about(run, "not_stored"))
        while True:
            try:
                return await self._fail(run, frames.Failed(code="store", message=what), "storing")
            except Exception:
                _log.exception("back-test %s cannot be noted as failed", run.id, extra=_about(run, "not_stored"))
                await asyncio.sleep(_PAUSE)

    async def _next(self) -> StoredBacktest:
        while True:
            async with self._wake:
                run = await self._store.backtests.claim(self._clock())
                if run is not None:
                    return run
                await self._wake.wait()

    async def _woken(self) -> None:
        async with self._wake:
            self._wake.notify_all()

    async def _run(self, run: StoredBacktest, worker: WorkerProcess) -> None:
        _log.info("back-test %s begins", run.id, extra=_about(run, "begun"))
        at = _Progress(run, self._publish, self._store, self._clock)
        try:
            async with asyncio.timeout(60 * self._limits.minutes):
                await at.show("candles", 0.0, "")
                inputs = await Gatherer(self._store, run.document, _ask_of(run)).inputs()
                answer = await worker.ask(frames.Run(id=run.id, inputs=inputs), at.told)
        except TimeoutError:
            answer = frames.Failed(code="deadline", message=_late(self._limits.minutes))
        except WorkerDied as error:
            answer = frames.Failed(code="worker", message=f"{error}; nothing of the run was kept. {_CURE}")
        except _Overtaken:
            return
        except EngineError as error:
            answer = frames.Failed(code="input", message=str(error))
        except Exception as error:
            _log.exception("back-test %s failed", run.id, extra=_about(run, "fault"))
            answer = frames.Failed(code="fault", message=f"a fault in Tradegraph ({type(error).__name__}); see the log")
        if isinstance(answer, frames.Done):
            if await self._stored(run, answer.finished, at):
                await self._ended(run, "done", 1.0)
        elif isinstance(answer, frames.Failed):
            await self._fail(run, answer, at.stage)

    async def _stored(self, run: StoredBacktest, finished: Finished, at: "_Progress") -> bool:
        """Write the result; a database that is away for a moment costs nobody a run.  False if it was cancelled."""
        for pause in _PAUSES:
            try:
                await at.show("storing", 0.98, "")
                return await self._store.backtests.finish(run, finished, self._clock())
            except _Overtaken:
                return False
            except Exception as error:
                if not is_away(error):
                    raise
                _log.warning("back-test %s waits for the database (%s)", run.id, error, extra=_about(run, "waits"))
                await asyncio.sleep(pause)
        return await self._store.backtests.finish(run, finished, self._clock())

    async def _fail(self, run: StoredBacktest, answer: frames.Failed, stage: str) -> None:
        message = f"{answer.message}. {_CURE}" if answer.code == "memory" else answer.message
        error = {"code": answer.code, "message": message, "details": answer.details, "stage": stage}
        if answer.stack:
            _log.error("back-test %s failed\n%s", run.id, answer.stack, extra=_about(run, "fault"))
        if await self._store.backtests.fail(run, error, self._clock()):
            await self._ended(run, "failed", 0.0)

    async def _ended(self, run: StoredBacktest, status: Any, share: float) -> None:
        _log.info("back-test %s is %s", run.id, status, extra=_about(run, status))
        await self._publish(msgspec.structs.replace(run, status=status, stage=status, progress=share))

    async def _publish(self, head: BacktestHead, detail: str = "") -> None:
        told = {"id": head.id, "status": head.status, "stage": head.stage, "progress": head.progress, "detail": detail}
        await self._live.publish(TOPIC, told, head.owner_id)


_CURE = "Give it a shorter range or a longer timeframe, or let an admin allow more memory"


class _Overtaken(Exception):
    """The run is not running any more: it was cancelled before there was anything to end."""


class _Progress:
    """Tells how far a run is: every message to the live channel, now and then to its row."""

    def __init__(self, run: StoredBacktest, publish: Any, store: Store, clock: Callable[[], int]) -> None:
        self._run, self._publish, self._store, self._clock = run, publish, store, clock
        self.stage, self._noted = "", 0

    async def told(self, progress: frames.Progress) -> None:
        await self.show(progress.stage, progress.share, progress.detail)

    async def show(self, stage: str, share: float, detail: str) -> None:
        """Raises _Overtaken.  What cannot be told because the database is away is left out: the run goes on."""
        shown = msgspec.structs.replace(self._run, stage=stage, progress=share)
        try:
            if stage != self.stage or self._clock() - self._noted >= _NOTE_MS:
                self.stage, self._noted = stage, self._clock()
                if not await self._store.backtests.advance(self._run, stage, share):
                    raise _Overtaken
            await self._publish(shown, detail)
        except Exception as error:
            if not is_away(error):
                raise
            _log.warning("the progress of %s is not told (%s)", self._run.id, error, extra=_about(self._run, "untold"))


def _tuned(document: str, ask: Ask) -> str:
    graph = graph_of(document)
    return encode(with_params(graph, ask.params)).decode() if ask.params else document


def _ask_of(run: StoredBacktest) -> Ask:
    return msgspec.convert(run.request, Ask)


def _late(minutes: float) -> str:
    return (
        f"it took longer than the {minutes:g} minutes a back-test may take; give it a shorter range or a longer"
        " timeframe, or let an admin raise the limit"
    )


def _about(head: BacktestHead, event: str) -> dict[str, Any]:
    return {"event": event, "context": {"backtest": head.id, "owner": head.owner_id}}
