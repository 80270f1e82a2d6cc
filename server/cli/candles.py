"""`tradegraph candles import|list|fetch`."""

import argparse
import sys
import time
from typing import Any

import msgspec

from engine.errors import InputError
from engine.time_check import instant_text
from server.adapters import candle_files
from server.adapters.candle_store import CandleStore, Stored
from server.cli.values import instant
from server.report.figures import utc


def run_import(options: argparse.Namespace) -> int:
    """Check files and merge them into the store; the first bad file stops, what was merged before stays."""
    store = CandleStore()
    done = [store.import_file(f, symbol=options.symbol, allow_gaps=options.allow_gaps) for f in options.files]
    _show(done, options.json)
    return 0


def run_list(options: argparse.Namespace) -> int:
    """List the store, or what files hold."""
    if options.files:
        candles = [candle_files.read_candles(f, allow_gaps=options.allow_gaps) for f in options.files]
        rows = [
            Stored(
                symbol=c.symbol, timeframe=c.timeframe, rows=len(c), first=int(c.time[0]), last=int(c.time[-1]),
                identity=c.identity, origins=(c.origin,), synthetic=c.synthetic,
            )
            for c in candles
        ]  # fmt: skip
    else:
        rows = CandleStore().list_stored()
    _show(rows, options.json)
    if not rows and not options.json:
        print("nothing is stored yet; `tradegraph candles import FILE` or `tradegraph candles fetch` fills the store")
    return 0


def run_fetch(options: argparse.Namespace) -> int:
    """Fetch what is missing from the exchange."""
    from server.adapters.bybit_rest import HOST, BybitRest
    from server.adapters.candle_fetch import fetch_candles, fetch_funding

    now = int(time.time() * 1000)
    start, end = instant(options.start, "--from") or 0, min(instant(options.end, "--to") or now, now)
    if start >= end:
        raise InputError(f"--from {options.start} lies not before the end {instant_text(end)}; give an earlier date")
    rest, store = BybitRest(HOST), CandleStore()
    done = [fetch_candles(rest, store, options.symbol, options.timeframe, start, end, now=now, progress=_progress())]
    if not options.no_funding:
        done.append(fetch_funding(rest, store, options.symbol, start, end))
    _show(done, options.json)
    return 0


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
        if row.damaged:
            print(f"{row.symbol:14} {row.timeframe:8} DAMAGED; remove the file and import or fetch it again")
            continue
        span = f"{utc(row.first)} to {utc(row.last)}"
        mark = "  SYNTHETIC" if row.synthetic else ""
        added = f"  (+{row.added:,})" if row.added else ""
        print(f"{row.symbol:14} {row.timeframe:8} {row.rows:>9,} rows{added}  {span}  {row.origin}{mark}")
