"""`tradegraph first-run`: the shortest way from nothing to a report one can look at."""

import argparse
from pathlib import Path

from engine.backtest import MarketData, Request, backtest
from engine.candles import Candles
from engine.matching.engine import Funding
from engine.matching.policy import POLICIES
from engine.registry import Registry
from engine.sim.synthetic import synthetic_funding
from server.adapters.folders import home
from server.cli.backtest import print_summary, write
from server.cli.progress import announce_kernels, tell
from server.graphs import load_graph
from server.samples import SEED, sample_candles
from server.store import sync
from server.store.candles import CandleSeries
from server.store.database import Database


def run(options: argparse.Namespace) -> int:
    """Back-test `ema_cross` on sample candles and say where the report lies."""
    folder = Path(options.out) if options.out else home() / "reports" / "ema_cross"
    announce_kernels()
    tell("getting sample candles ...")
    candles, funding = sync.run(lambda database: _market(database, not options.offline))
    command = f"tradegraph backtest ema_cross --candles {candles.symbol}:{candles.timeframe} --capital 10000"
    if funding is not None:
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


async def _market(database: Database, online: bool) -> tuple[Candles, Funding | None]:
    """Sample candles, and funding rates if they are invented as well."""
    candles = await sample_candles(database, online=online)
    if not candles.synthetic:
        return candles, None
    funding = Funding(*synthetic_funding(candles, SEED))
    await CandleSeries(database).add_funding(candles.symbol, funding.time, funding.rate, origin=candles.origin)
    return candles, funding
