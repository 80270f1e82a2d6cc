"""`tradegraph parity`: that a graph decides the same bar by bar as in one vector pass."""

import argparse
import sys

import msgspec

from engine.parity import Parity, parity
from engine.registry import Registry
from server.cli.backtest import request_of
from server.cli.progress import announce_kernels, bar
from server.cli.values import whole
from server.cli.words import one_line


def run(options: argparse.Namespace) -> int:
    """Print what differs, the first difference first; 1 if anything does."""
    announce_kernels()
    bars = whole(options.bars, "--bars")
    answer = parity(request_of(options), Registry(), bars=bars, progress=bar("replaying"))
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
    else:
        print_parity(answer)
    return 0 if answer.ok else 1


def print_parity(answer: Parity) -> None:
    """How much was compared and what differs."""
    for market in answer.data:
        print(f"{one_line(answer.graph)} on {market.symbol} {market.timeframe}: {market.bars:,} bars")
    print(
        f"the last {answer.bars:,} bars one at a time, {answer.ms_per_bar:.2f} ms each: {answer.values:,} values of"
        f" wires, {answer.orders:,} orders, {answer.fills:,} fills"
    )
    first = next((d for d in answer.differences if not d.inherited), None)
    if first is not None:
        print(f"first difference: {one_line(first.message)}")
    for other in answer.differences:
        if other is not first:
            print(f"{'inherited' if other.inherited else 'also'}: {one_line(other.message)}")
    print(f"{'the same' if answer.ok else 'NOT the same'} bar by bar and in one pass, in {answer.seconds:.2f} s")
