"""Back-tests of one graph over a grid of parameters, on one core or several.

Columns that do not depend on what changed are computed once (Merkle cache).  The result does not depend on the number
of processes: combinations come back in the order of `combinations`, each equal to a back-test of its own.
"""

import itertools
import multiprocessing
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import msgspec

from engine.backtest import MarketData, Request, backtest_metrics
from engine.columns import ColumnCache
from engine.document import Graph, with_params
from engine.errors import EngineError
from engine.matching.policy import Policy
from engine.memory import keep_memory
from engine.metrics import Metrics
from engine.node import Contract

Params = dict[str, Any]  # "node.param" to value
Grid = Mapping[str, Sequence[Any]]
Outcome = tuple[Params, Metrics]

CACHE_BYTES = 64 * 2**20
CHUNKS = 4  # per process: more would compute shared columns more often, fewer would leave a process idle at the end


def combinations(grid: Grid) -> list[Params]:
    """All combinations, the last parameter changing fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def sweep(
    graph: Graph,
    registry: Mapping[str, type[Contract]],
    markets: tuple[MarketData, ...],
    policy: Policy,
    capital: float,
    grid: Grid,
    *,
    processes: int = 1,
    cache: ColumnCache | None = None,
) -> list[Outcome]:
    """The metrics of every combination, in the order of `combinations`.

    With more than one process `cache` is not used: each has its own.  Raises what `backtest` raises, for the first
    combination that cannot be run.
    """
    request = Request(graph=graph, markets=markets, policy=policy, capital=capital)
    every = combinations(grid)
    processes = min(processes, len(every))
    if processes < 2:
        return _run(request, registry, every, cache or ColumnCache(CACHE_BYTES))
    size = -(-len(every) // (processes * CHUNKS))
    chunks = [every[at : at + size] for at in range(0, len(every), size)]
    with ProcessPoolExecutor(processes, _context(), _begin, (request, registry)) as pool:
        done = list(pool.map(_chunk, chunks))
    for chunk, outcomes in zip(chunks, done, strict=True):
        if outcomes is None:  # errors do not travel between processes: meet the same one here
            _run(request, registry, chunk, ColumnCache(CACHE_BYTES))
    return list(itertools.chain.from_iterable(outcomes or [] for outcomes in done))


def _run(
    request: Request, registry: Mapping[str, type[Contract]], every: Iterable[Params], cache: ColumnCache
) -> list[Outcome]:
    graph, out = request.graph, list[Outcome]()
    for params in every:
        one = msgspec.structs.replace(request, graph=with_params(graph, params))
        out.append((params, backtest_metrics(one, registry, cache)))
    return out


# --- worker processes -------------------------------------------------------------------------------------------------


def _context() -> Any:
    """Forked workers see the candles without a copy and start at once; with threads about, forking is not safe."""
    forks = "fork" in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux"
    return multiprocessing.get_context("fork" if forks and threading.active_count() == 1 else "spawn")


_work: dict[str, Any] = {}  # of a worker process: request, registry, cache


def _begin(request: Request, registry: Mapping[str, type[Contract]]) -> None:
    keep_memory()
    _work.update(request=request, registry=registry, cache=ColumnCache(CACHE_BYTES))


def _chunk(every: list[Params]) -> list[Outcome] | None:
    """Outcomes of a chunk, None if one of its combinations cannot be run."""
    try:
        return _run(_work["request"], _work["registry"], every, _work["cache"])
    except EngineError:
        return None
