"""`tradegraph validate`: everything that is wrong with a graph, and what it needs."""

import argparse
import sys

import msgspec

from engine.registry import Registry
from engine.textform import to_text
from engine.timeframe import duration
from engine.validate import Report, validate
from server.cli.issues import print_issues
from server.cli.words import one_line
from server.graphs import load_graph


def run(options: argparse.Namespace) -> int:
    """Print the report; 1 if the graph cannot run."""
    graph = load_graph(options.graph)
    if options.timeframe:
        duration(options.timeframe)
    if options.text:
        sys.stdout.write(to_text(graph))
        return 0
    report = validate(graph, Registry(), mode=options.mode, timeframe=options.timeframe)
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        _print(graph.name, report)
    return 0 if report.ok else 1


def _print(name: str, report: Report) -> None:
    if report.issues:
        print_issues(report.issues, sys.stdout if report.ok else sys.stderr)
    if not report.ok:
        return
    derived = report.derived
    print(f"{one_line(name)}: valid  ({report.logic_hash})")
    print("order:   " + " → ".join(derived.order))
    for need in derived.data_needed:
        symbol, timeframe = need.symbol or "the run's symbol", need.timeframe or "the run's timeframe"
        print(f"needs:   {need.bars} candles of {symbol} on {timeframe} before the first decision")
    slowest = max(derived.warmup_bars.items(), key=lambda item: item[1], default=("", 0))
    print(f"warm-up: {slowest[1]} bars (node {slowest[0]})")
    print(f"orders:  {', '.join(derived.orders_from)}")
