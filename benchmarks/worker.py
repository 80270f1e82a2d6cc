"""One engine in one process: jobs come in as JSON lines, answers go out as JSON lines.

The orchestrator keeps one worker per engine alive and asks them in turn, so that every engine is timed in the same
minutes of a busy machine.  Runs in the environment of the peers too: nothing but numpy is imported here.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.market import NAMES

Outcome = dict[str, Any]
Job = dict[str, Any]
Prepared = Callable[[], Outcome]


def columns_of(job: Job) -> dict[str, Any]:
    """Candle columns of a job: .npy for warm runs, .csv for whole processes."""
    if job["candles"].endswith(".csv"):
        import pandas as pd

        frame = pd.read_csv(job["candles"])
        return {name: np.ascontiguousarray(frame.iloc[:, k].to_numpy()) for k, name in enumerate(NAMES)}
    table = np.load(job["candles"])
    columns = {name: np.ascontiguousarray(row) for name, row in zip(NAMES, table, strict=True)}
    columns["time"] = columns["time"].astype(np.int64)
    return columns


def timed(run: Prepared) -> Outcome:
    """Outcome of one run with wall and CPU milliseconds."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return outcome | {"ms": wall * 1e3, "cpu_ms": cpu * 1e3}


def serve(prepare: Callable[[Job], Prepared]) -> None:
    """Answer jobs until stdin ends.  {"prepare": job} warms up, {"run": times} gives the best of so many runs."""
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not get between the answers
    run: Prepared = dict
    for line in sys.stdin:
        message = json.loads(line)
        if "prepare" in message:
            before = time.perf_counter()
            run = prepare(message["prepare"])
            answer = run() | {"first_ms": (time.perf_counter() - before) * 1e3}
        else:
            answer = min((timed(run) for _ in range(message["run"])), key=lambda o: o["cpu_ms"])
        answer["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), file=out, flush=True)
