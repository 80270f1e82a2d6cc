"""`tradegraph candles import|list|fetch|remove`."""

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import InputError
from engine.time_check import instant_text
from server.adapters import candle_files
from server.instants import instant
from server.report.figures import utc
from server.store.series import Stored, check_name

if TYPE_CHECKING:  # a command that reads files alone loads no database
    from server.store.database import Database


def run_import(options: argparse.Namespace) -> int:
    """Check files and merge them into the store; the first bad file stops, what was merged before stays."""
    from server.adapters.candle_import import import_file
    from server.cli.stored import on_database
    from server.store.candles import CandleSeries

    async def work(database: "Database") -> list[Stored]:
        series = CandleSeries(database)
        return [
            await import_file(series, f, symbol=options.symbol, allow_gaps=options.allow_gaps) for f in options.files
        ]

    _show(on_database(work), options.json)
    return 0


def run_list(options: argparse.Namespace) -> int:
    """List the store, or what files hold."""
    rows = [_facts(f, options.allow_gaps) for f in options.files] if options.files else _listed()
    _show(rows, options.json)
    if not rows and not options.json:
        print("nothing is stored yet; `tradegraph candles import FILE` or `tradegraph candles fetch` fills the store")
    return 0


def run_fetch(options: argparse.Namespace) -> int:
    """Fetch what is missing from the exchange."""
    from server.adapters.bybit_rest import HOST, BybitRest
    from server.adapters.candle_fetch import fetch_candles, fetch_funding, fetch_rules
    from server.cli.stored import on_database
    from server.store.candles import CandleSeries
    from server.store.instruments import Instruments

    now = int(time.time() * 1000)
    start, end = instant(options.start, "--from") or 0, min(instant(options.end, "--to") or now, now)
    if start >= end:
        raise InputError(f"--from {options.start} lies not before the end {instant_text(end)}; give an earlier date")
    check_name(options.symbol, options.timeframe)

    async def work(database: "Database") -> list[Stored]:
        rest, series, symbol = BybitRest(HOST), CandleSeries(database), options.symbol
        done = [await fetch_candles(rest, series, symbol, options.timeframe, start, end, now=now, progress=_progress())]
        if not options.no_funding:
            done.append(await fetch_funding(rest, series, symbol, start, end))
        await fetch_rules(rest, Instruments(database), symbol, now=now)
        return done

    _show(on_database(work), options.json)
    return 0


def run_remove(options: argparse.Namespace) -> int:
    """Forget a series."""
    from server.cli.stored import on_database
    from server.store.candles import CandleSeries

    on_database(lambda database: CandleSeries(database).remove(options.symbol, options.timeframe))
    print(f"removed {options.symbol} {options.timeframe}")
    return 0


def _listed() -> list[Stored]:
    from server.cli.stored import on_database
    from server.store.candles import CandleSeries

    return list(on_database(lambda database: CandleSeries(database).list()))


def _facts(file: str, allow_gaps: bool) -> Stored:
    candles = candle_files.read_candles(file, allow_gaps=allow_gaps)
    return Stored(
        symbol=candles.symbol, timeframe=candles.timeframe, rows=len(candles), first=int(candles.time[0]),
        last=int(candles.time[-1]), identity=candles.identity, origins=(candles.origin,), synthetic=candles.synthetic,
    )  # fmt: skip


def _progress() -> Any:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        filled = 40 * done // max(total, 1)
        print(
            f"\r[{'#' * filled}{'.' * (40 - filled)}] {done:,} of {total:,} bars", end="", file=sys.stderr, flush=True
        )
        if done >= total:
            print(file=sys.stderr)

    return show


def _show(rows: list[Stored], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    for row in rows:
        span = f"{utc(row.first)} to {utc(row.last)}"
        mark = "  SYNTHETIC" if row.synthetic else ""
        added = f"  (+{row.added:,})" if row.added else ""
        print(f"{row.symbol:14} {row.timeframe:8} {row.rows:>9,} rows{added}  {span}  {row.origin}{mark}")
