"""`tradegraph explain`: why a bar led to a trade, or why it did not."""

import argparse
import sys
from itertools import groupby

import msgspec

from engine.backtest import backtest
from engine.errors import InputError
from engine.explain import Condition, Decided, Explainer, Explanation, SideAnswer
from engine.explain.wording import plain
from engine.registry import Registry
from engine.result import Result
from engine.time_check import instant_text
from server.cli.backtest import request_of
from server.cli.progress import announce_kernels
from server.cli.words import one_line
from server.instants import instant

_MARKS = {True: "+", False: "-", None: "?"}


def run(options: argparse.Namespace) -> int:
    """Back-test the graph and explain one of its bars."""
    announce_kernels()
    at = instant(options.at, "--at")
    if at is None:
        raise InputError("--at names no time; write 2024-01-31T12:00 (UTC)")
    result = backtest(request_of(options), Registry())
    explainer = Explainer(result, _market(result, options.market))
    try:
        explanation = explainer.at(explainer.row_at(at))
    except InputError as error:
        raise InputError(f"--at {options.at}: {error}") from None
    if options.json:
        sys.stdout.write(msgspec.json.encode(explanation).decode() + "\n")
    else:
        print("\n".join(" " * (len(line) - len(line.lstrip())) + one_line(line) for line in text_of(explanation)))
    return 0


def _market(result: Result, symbol: str | None) -> int:
    symbols = [info.symbol for info in result.data]
    if symbol is None:
        return 0
    if symbol not in symbols:
        raise InputError(f"--market {symbol} is not traded in this run; choose one of {', '.join(symbols)}")
    return symbols.index(symbol)


def text_of(x: Explanation) -> list[str]:
    """The explanation as lines of a terminal."""
    lines = [f"{x.symbol} {x.timeframe} bar, opens {instant_text(x.open_time)}, closes {instant_text(x.close_time)}"]
    lines += [x.summary]
    if x.decided is not None:
        lines += ["", *_decided_lines(x.decided)]
    for side in x.sides:
        if not side.met:
            lines += ["", *_side_lines(side)]
    return lines


def _side_lines(side: SideAnswer) -> list[str]:
    return [f"no {side.side}, nearest first:", *_condition_lines(side.conditions)]


def _condition_lines(conditions: tuple[Condition, ...]) -> list[str]:
    """One line each, under the name of their sub-graph."""
    lines: list[str] = []
    for group, members in groupby(conditions, key=lambda c: c.group):
        lines += [f"  in {group}:"] if group else []
        lines += [f"  {'  ' if group else ''}{_MARKS[c.met]} {c.sentence}" for c in members]
    return lines


def _decided_lines(decided: Decided) -> list[str]:
    """The decision slice."""
    lines = [f"decided for a {decided.side} by:", *_condition_lines(decided.conditions), "", "nodes:"]
    for group, members in groupby(decided.nodes, key=lambda n: n.group):
        lines += [f"  in {group}:"] if group else []
        for node in members:
            values = ", ".join(w if p == "out" else f"{p} {w}" for p, w in node.words.items())
            lines.append(f"  {'  ' if group else ''}{node.title} ({node.type}, {node.timeframe}): {values or '-'}")
    levels = [("entry", decided.entry), ("stop", decided.stop), ("target", decided.target)]
    lines += ["", "levels: " + ", ".join(f"{name} {plain(v) if v is not None else 'none'}" for name, v in levels)]
    lines += [f"order: {decided.order}", f"size: {decided.size}"]
    return [*lines, f"exits: {'; '.join(decided.exits) or 'no further rules'}"]
