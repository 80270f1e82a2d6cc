"""The worker: `python -m server.backtests.worker`, started by the server, asked and answering through pipes.

It touches no database and no network.  When its stdin ends, the server is gone, and it goes at once, whatever it does.
What nodes print goes to stderr: stdout belongs to the answers.
"""

import os
import queue
import resource
import sys
import threading
import time
import traceback
from collections import OrderedDict
from typing import Any

import msgspec

from engine.errors import EngineError, GraphError, NodeError
from engine.explain import Explainer
from engine.memory import keep_memory
from engine.registry import Registry
from engine.result import Result
from engine.trade_rows import trade_rows
from server.backtests import frames, job
from server.backtests.slices import slice_of, why
from server.backtests.tables import request_of
from server.report.page import render

BEAT = 0.2  # seconds between two messages about a stage that goes on
_KEPT = 3  # runs that are remembered to be explained


class Voice:
    """Sends answers; while a run goes on it repeats what it is at, so that a long stage is seen to live."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._at: frames.Progress | None = None
        self._sent = 0.0
        threading.Thread(target=self._beat, daemon=True).start()

    def say(self, answer: frames.Answer) -> None:
        """The answer to what was asked; what was at work is done."""
        with self._lock:
            self._at = None
            frames.write(self._pipe, answer)

    def tell(self, stage: str, share: float, detail: str) -> None:
        """How far it is: at once where a stage begins, else as often as people can read."""
        with self._lock:
            begins = self._at is None or self._at.stage != stage
            self._at = frames.Progress(stage, share, detail)
            if begins or time.monotonic() - self._sent > BEAT / 2:
                self._send()

    def _send(self) -> None:
        if self._at is not None:
            self._sent = time.monotonic()
            frames.write(self._pipe, self._at)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT)
            with self._lock:
                if time.monotonic() - self._sent >= BEAT:
                    self._send()


class Worker:
    """Answers one message after the other."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._registry = Registry()
        self._kept: OrderedDict[str, tuple[Result, dict[int, Explainer]]] = OrderedDict()

    def answer(self, message: frames.Message) -> frames.Answer:
        """The answer, whatever happens."""
        try:
            return self._answer(message)
        except MemoryError:
            self._kept.clear()
            return frames.Failed(code="memory", message="the run needed more memory than it may take")
        except NodeError as error:
            return frames.Failed(
                code="node", message=str(error), details=[{"message": str(error), "where": error.node}]
            )
        except GraphError as error:
            details = [{"message": issue.message, "where": issue.node or ""} for issue in error.issues]
            return frames.Failed(code="graph", message=str(error), details=details)
        except EngineError as error:
            return frames.Failed(code="input", message=str(error))
        except Exception as error:  # the server must hear of every fault; the stack goes to its log
            what = f"a fault in Tradegraph ({type(error).__name__}: {error})"
            return frames.Failed(code="fault", message=what[:500], stack=traceback.format_exc())

    def _answer(self, message: frames.Message) -> frames.Answer:
        match message:
            case frames.Run():
                return frames.Done(job.done(message.inputs, self._registry, self._voice.tell))
            case frames.Look():
                return self._look(message)
            case frames.Why():
                return self._explain(message.id, message.market, lambda told: why(told.at(message.row)))
            case frames.Slice():
                return self._slice(message.id, message.number - 1)
            case frames.Report():
                return self._report(message.id)

    def _look(self, message: frames.Look) -> frames.Answer:
        run, result = job.executed(request_of(message.inputs), self._registry, self._voice.tell)
        if result.logic_hash != message.logic_hash or job.packed_trades(result) != message.trades:
            return frames.Failed(
                code="changed",
                message="nodes of this graph have changed since this back-test ran, so it cannot be made again as it"
                " was; run it again to see its bars explained",
            )
        self._kept[message.id] = msgspec.structs.replace(result, graph=run.request.graph), {}
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return frames.Told(b"true")

    def _explain(self, run: str, market: int, told: Any) -> frames.Answer:
        found = self._kept.get(run)
        if found is None:
            return frames.Absent()
        self._kept.move_to_end(run)
        result, explainers = found
        if market not in explainers:
            explainers[market] = Explainer(result, market)
        return frames.Told(msgspec.json.encode(told(explainers[market])))

    def _slice(self, run: str, row: int) -> frames.Answer:
        found = self._kept.get(run)
        if found is None:
            return frames.Absent()
        market = int(found[0].trades["symbol"][row])
        return self._explain(run, market, lambda told: slice_of(told.decided(job.rows_of_one(row))[0]))

    def _report(self, run: str) -> frames.Answer:
        found = self._kept.get(run)
        if found is None:
            return frames.Absent()
        self._kept.move_to_end(run)
        return frames.Told(render(found[0], trade_rows(found[0])).encode())


def _listen(pipe: Any, asked: "queue.SimpleQueue[frames.Message]") -> None:
    """Puts messages into the queue; ends the process with the pipe."""
    while (message := frames.read(pipe)) is not None:
        asked.put(message)
    os._exit(0)


def _own_stdout() -> Any:
    """The pipe of the answers; what prints to stdout from now on prints to stderr."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return pipe


def main() -> None:
    """Work until the pipe ends.  The argument is the most memory in MiB, 0 = no limit."""
    most = int(sys.argv[1]) << 20 if len(sys.argv) > 1 else 0
    if most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    keep_memory()
    voice = Voice(_own_stdout())
    asked: queue.SimpleQueue[frames.Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(os.fdopen(os.dup(0), "rb"), asked), daemon=True).start()
    worker = Worker(voice)
    voice.say(frames.Ready())
    while True:
        voice.say(worker.answer(asked.get()))


if __name__ == "__main__":
    main()
