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
from engine.document import Graph
from engine.errors import InputError
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


def with_params(graph: Graph, params: Params) -> Graph:
    """The graph with parameters replaced; the validator checks their values.  Raises InputError for an unknown place."""
    nodes = {n.id: n for n in graph.nodes}
    for place, value in params.items():
        node, _, param = place.partition(".")
        if node not in nodes:
            known = ", ".join(nodes)
            raise InputError(f"{place!r} names no node of the graph; its nodes are {known}")
        nodes[node] = msgspec.structs.replace(nodes[node], params=nodes[node].params | {param: value})
    return msgspec.structs.replace(graph, nodes=tuple(nodes.values()))


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
        return list(itertools.chain.from_iterable(pool.map(_chunk, chunks)))


def _run(
    request: Request, registry: Mapping[str, type[Contract]], every: Iterable[Params], cache: ColumnCache
) -> list[Outcome]:
    return [
        (params, backtest_metrics(_with(request, params), registry, cache))
        for params in every
    ]  # fmt: skip


def _with(request: Request, params: Params) -> Request:
    return msgspec.structs.replace(request, graph=with_params(request.graph, params))


# --- worker processes ---------------------------------------------------------------------------------------------------


def _context() -> Any:
    """Forked workers see the candles without a copy and start at once; with threads about, forking is not safe."""
    forks = "fork" in multiprocessing.get_all_start_methods() and os.uname().sysname == "Linux"
    return multiprocessing.get_context("fork" if forks and threading.active_count() == 1 else "spawn")


_work: dict[str, Any] = {}  # of a worker process: request, registry, cache


def _begin(request: Request, registry: Mapping[str, type[Contract]]) -> None:
    keep_memory()
    _work.update(request=request, registry=registry, cache=ColumnCache(CACHE_BYTES))


def _chunk(every: list[Params]) -> list[Outcome]:
    return _run(_work["request"], _work["registry"], every, _work["cache"])
