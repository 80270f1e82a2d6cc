"""The sweep of 10 fast and 10 slow averages as a process of its own: `ours|vectorbt FILE.npy PROCESSES`."""

import json
import resource
import sys
import time
from typing import Any

from benchmarks.worker import columns_of

FAST = list(range(5, 55, 5))
SLOW = list(range(60, 160, 10))
CAPITAL, FEE = 1_000_000.0, 0.00055
REPEATS = 5
BARS = 99_994  # of 100,000: no average crosses in the last two bars, where engines end a run differently


def bars_of(file: str) -> dict[str, Any]:
    return {name: column[:BARS] for name, column in columns_of({"candles": file}).items()}


def ours(file: str, processes: int) -> dict[str, Any]:
    from benchmarks.ours import GRAPHS, POLICY
    from engine.backtest import MarketData
    from engine.candles import make_candles
    from engine.document import decode
    from engine.instruments import Instrument
    from engine.memory import keep_memory
    from engine.registry import Registry
    from engine.sweep import sweep

    keep_memory()
    candles = make_candles("SYNTH", "1m", **bars_of(file))
    markets = (MarketData(candles=candles, instrument=Instrument(source="benchmark")),)
    graph, registry = decode((GRAPHS / "s1.json").read_bytes()), Registry()
    grid = {"fast.length": FAST, "slow.length": SLOW}

    def run() -> tuple[int, float]:
        found = sweep(graph, registry, markets, POLICY, CAPITAL, grid, processes=processes)
        return sum(int(m["trades"] or 0) for _, m in found), sum(m["final_equity"] or 0 for _, m in found) / len(found)

    sweep(graph, registry, markets, POLICY, CAPITAL, {"fast.length": [5], "slow.length": [60]})  # kernels loaded
    return measured(run)


def vectorbt(file: str, processes: int) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    import vectorbt as vbt  # pyright: ignore[reportMissingImports]

    from benchmarks.peers import _figures

    columns = bars_of(file)
    index = pd.to_datetime(columns["time"], unit="ms")
    close = pd.Series(columns["close"], index=index)
    open_ = columns["open"][:, None]
    warm = np.array([_lookback(slow) for _ in FAST for slow in SLOW])

    def run() -> tuple[int, float]:
        averages = vbt.MA.run(close, FAST + SLOW, ewm=True).ma.to_numpy()
        fast = np.repeat(averages[:, : len(FAST)], len(SLOW), axis=1)
        slow = np.tile(averages[:, len(FAST) :], (1, len(FAST)))
        after = np.arange(1, len(close))[:, None] >= warm
        up = np.zeros(fast.shape, bool)
        down = np.zeros(fast.shape, bool)
        up[2:] = ((fast[1:] > slow[1:]) & (fast[:-1] <= slow[:-1]) & after)[:-1]
        down[2:] = ((fast[1:] < slow[1:]) & (fast[:-1] >= slow[:-1]) & after)[:-1]
        last = np.zeros((len(close), 1), bool)
        last[-1] = True
        portfolio = vbt.Portfolio.from_signals(
            close, up, last, down, last, price=open_, size=1.0, fees=FEE, init_cash=CAPITAL, freq="1min",
            upon_opposite_entry="reverse",
        )  # fmt: skip
        _figures(portfolio)
        return int(portfolio.trades.count().sum()), float(portfolio.final_value().mean())

    run()
    return measured(run)


def _lookback(length: int) -> int:
    """Rows before an average of ours counts as settled (engine: indicator.ema)."""
    import math

    return length + math.ceil(math.log(1e-10) / math.log1p(-2.0 / (length + 1.0)))


def cpu_seconds() -> float:
    """CPU of this process and of those it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def measured(run: Any) -> dict[str, Any]:
    """Best of several runs; the rate counts wall time."""
    wall = cpu = 1e9
    trades, equity = 0, 0.0
    for _ in range(REPEATS):
        began, before = time.perf_counter(), cpu_seconds()
        trades, equity = run()
        wall, cpu = min(wall, time.perf_counter() - began), min(cpu, cpu_seconds() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    work = BARS * len(FAST) * len(SLOW)
    return {
        "trades": trades, "equity": equity, "seconds": wall, "cpu": cpu, "rate": work / wall, "mb": peak / 1024,
    }  # fmt: skip


if __name__ == "__main__":
    engine = {"ours": ours, "vectorbt": vectorbt}[sys.argv[1]]
    print(json.dumps(engine(sys.argv[2], int(sys.argv[3]))))
