"""`tradegraph doctor`: is everything there that a run needs?"""

import argparse
import importlib.metadata
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.backtest import MarketData, Request, backtest
from engine.kernel import cache_folder
from engine.matching.policy import POLICIES
from engine.registry import discover
from engine.sim.fixtures import fixture
from engine.validate import validate
from server.adapters.folders import home
from server.cli.progress import announce_kernels
from server.graphs import built_in_ids, load_graph
from server.store.series import FUNDING

if TYPE_CHECKING:
    from server.store.database import Database

PACKAGES = ("msgspec", "numpy", "numba", "llvmlite", "pandas", "pandas-ta", "TA-Lib", "networkx", "jinja2", "pyarrow")


class Finding(msgspec.Struct, frozen=True):
    """One check: what was looked at, whether it is well, and what was seen or what to do."""

    check: str
    ok: bool
    detail: str


def run(options: argparse.Namespace) -> int:
    """Run all checks; 1 if one fails."""
    announce_kernels()
    findings = [_check(name, look) for name, look in _CHECKS.items()]
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode() + "\n")
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check:16} {finding.detail}")
    return 0 if all(f.ok for f in findings) else 1


def _check(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except Exception as error:  # a doctor reports every illness instead of dying of it
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 12) <= sys.version_info[:2] < (3, 14):
        raise RuntimeError(f"Python {version} is not supported; use 3.12 or 3.13 (`make setup` finds it)")
    return version


def _packages() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def _writable(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder):
        return str(folder)


def _nodes() -> str:
    return f"{len(discover())} node types"


def _graphs() -> str:
    registry = discover()
    for name in built_in_ids():
        report = validate(load_graph(name), registry)
        if not report.ok:
            raise RuntimeError(f"built-in graph {name} is not valid: {report.issues[0].message}")
    return ", ".join(built_in_ids())


def _run() -> str:
    market = MarketData(candles=fixture("fixture:wave"))
    request = Request(
        graph=load_graph("ema_cross"), markets=(market,), policy=POLICIES["bybit_linear"], capital=10_000.0
    )
    result = backtest(request, discover())
    return f"ema_cross on the wave fixture: {len(result.trades)} trades in {result.seconds * 1000:.0f} ms"


def _store() -> str:
    from server.cli.stored import on_database
    from server.store.candles import CandleSeries

    async def work(database: "Database") -> str:
        series = CandleSeries(database)
        stored = await series.list()
        for one in stored:  # reading it is what shows damage
            if one.timeframe == FUNDING:
                await series.load_funding(one.symbol)
            else:
                await series.load(one.symbol, one.timeframe)
        return f"{len(stored)} series stored"

    return on_database(work)


_CHECKS: dict[str, Callable[[], str]] = {
    "python": _python,
    "packages": _packages,
    "kernel folder": lambda: _writable(cache_folder()),
    "data folder": lambda: _writable(home()),
    "candle store": _store,
    "nodes": _nodes,
    "graphs": _graphs,
    "back-test": _run,
}
