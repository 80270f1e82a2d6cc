"""`tradegraph first-run`: the shortest way from nothing to a report one can look at."""

import argparse
from pathlib import Path

from engine.backtest import MarketData, Request, backtest
from engine.matching.engine import Funding
from engine.matching.policy import POLICIES
from engine.registry import Registry
from engine.sim.synthetic import synthetic_funding
from server.adapters.candle_store import CandleStore
from server.adapters.folders import home
from server.cli.backtest import print_summary, write
from server.cli.progress import announce_kernels, tell
from server.graphs import load_graph
from server.samples import SEED, sample_candles


def run(options: argparse.Namespace) -> int:
    """Back-test `ema_cross` on sample candles and say where the report lies."""
    folder = Path(options.out) if options.out else home() / "reports" / "ema_cross"
    announce_kernels()
    tell("getting sample candles ...")
    store = CandleStore()
    candles = sample_candles(store, online=not options.offline)
    command = f"tradegraph backtest ema_cross --candles {candles.symbol}:{candles.timeframe} --capital 10000"
    funding = None
    if candles.synthetic:
        funding = Funding(*synthetic_funding(candles, SEED))
        store.add_funding(candles.symbol, funding.time, funding.rate, origin=candles.origin)
        command += f" --funding {candles.symbol}:funding"
    request = Request(
        graph=load_graph("ema_cross"),
        markets=(MarketData(candles=candles, funding=funding),),
        policy=POLICIES["bybit_linear"],
        capital=10_000.0,
    )
    result = backtest(request, Registry())
    result.settings["command"] = command
    print_summary(result, write(result, folder))
    print("\nopen the report in a browser; `tradegraph --help` lists what else there is")
    return 0
