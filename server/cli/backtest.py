"""`tradegraph backtest`: a graph on candles, headless."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

import msgspec

from engine.backtest import Request, backtest
from engine.document import Graph, with_params
from engine.errors import InputError
from engine.matching.policy import Policy, policy_named
from engine.registry import Registry
from engine.result import Result
from engine.trade_rows import result_document
from server.cli.markets import gather_markets
from server.cli.progress import announce_kernels
from server.cli.values import LARGEST, amount, settings, share
from server.cli.words import one_line
from server.graphs import load_graph
from server.instants import instant


def run(options: argparse.Namespace) -> int:
    """Run it and print figures or the whole document; write the report if asked to."""
    announce_kernels()
    if options.out == "":
        raise InputError("--out names no folder; give one such as --out report")
    result = backtest(request_of(options), Registry())
    result.settings["command"] = one_line("tradegraph " + shlex.join(sys.argv[1:]), most=10_000)
    paths = write(result, Path(options.out)) if options.out is not None else {}
    if options.json:
        sys.stdout.write(msgspec.json.encode(result_document(result)).decode() + "\n")
    else:
        print_summary(result, paths)
    return 0


def request_of(options: argparse.Namespace) -> Request:
    """The back-test that the options of a run describe."""
    graph = _tuned(load_graph(options.graph), settings(options.param, "--param"))
    return Request(
        graph=graph,
        markets=gather_markets(options, graph),
        policy=_policy(options),
        capital=amount(options.capital, "--capital"),
        start=instant(options.start, "--from"),
        end=instant(options.end, "--to"),
    )


def _policy(options: argparse.Namespace) -> Policy:
    policy = policy_named(options.policy)
    if options.fees is not None:
        fee = share(options.fees, "--fees")
        policy = _replaced(policy, {"maker_fee": fee, "taker_fee": fee}, f"--fees {options.fees}")
    for name, value in settings(options.rule, "--rule").items():
        if name not in policy.__struct_fields__ or name == "name":
            known = ", ".join(n for n in policy.__struct_fields__ if n != "name")
            raise InputError(f"--rule {name} is not a setting of the fill rules; use one of {known}")
        policy = _replaced(policy, {name: value}, f"--rule {name}={value}")
    return policy


def _replaced(policy: Policy, values: dict[str, Any], option: str) -> Policy:
    """The policy with other settings.  Raises InputError that names the option for a value that cannot be."""
    if any(isinstance(v, int | float) and abs(v) > LARGEST for v in values.values()):
        raise InputError(f"{option}: the number is too large; nothing above {LARGEST:g} makes sense here")
    try:
        return msgspec.convert({**msgspec.structs.asdict(policy), **values}, Policy)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0].replace("`", "")
        raise InputError(f"{option}: this cannot be ({reason}); see docs/matching.md for what it may be") from None


def _tuned(graph: Graph, params: dict[str, Any]) -> Graph:
    try:
        return with_params(graph, params)
    except InputError as error:
        raise InputError(f"--param {error}") from None


def write(result: Result, folder: Path) -> dict[str, Path]:
    """Write all files of a result.  Raises InputError if the folder cannot be written."""
    from server.report import write_report

    try:
        return write_report(result, folder)
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None


def print_summary(result: Result, paths: dict[str, Path]) -> None:
    """The figures people look at first, the pessimistic twin beside them, and every statement."""
    from server.report import figures

    for data in result.data:
        span = f"{figures.utc(data.first)} to {figures.utc(data.last)}"
        print(f"{one_line(result.graph.name)} on {data.symbol} {data.timeframe}: {data.bars:,} bars, {span}")
    print(f"capital {result.settings['capital']:,.2f}, fill rules {result.policy_id}\n")
    print(f"{'':26} {'result':>16} {'pessimistic':>16}")
    for figure in figures.headline(figures.figures(result)):
        print(f"{figure.definition.title:26} {figure.value:>16} {figure.twin:>16}")
    rejected = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in result.rejected.items())
    print(f"\norders refused or withdrawn: {rejected or 'none'}")
    for note in result.notes:
        print(f"note: {one_line(note)}")
    print(f"{len(result.time):,} bars in {result.seconds * 1000:,.1f} ms")
    if paths:
        print(f"report: {one_line(paths['report.html'])}")
