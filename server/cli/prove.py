"""`tradegraph prove`: that a graph does not look ahead, warms up long enough and is repeatable."""

import argparse
import sys

import msgspec

from engine.prove import Proof, Seal, prove
from engine.registry import Registry
from server.cli.backtest import request_of
from server.cli.progress import announce_kernels, bar
from server.cli.values import whole
from server.cli.words import one_line

SEALS = {
    "clean": "clean",
    "leaks": "LEAKS",
    "warm_up_too_short": "WARM-UP TOO SHORT",
    "unstable": "NOT REPEATABLE",
    "failed": "FAILS",
    "not_checked": "not checked",
}


def run(options: argparse.Namespace) -> int:
    """Print a seal for each node and a sentence for each fault; 1 if there is one."""
    announce_kernels()
    cuts, seed = whole(options.cuts, "--cuts"), whole(options.seed, "--seed")
    proof = prove(request_of(options), Registry(), cuts=cuts, seed=seed, progress=bar("proving"))
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(proof), indent=2).decode() + "\n")
    else:
        print_proof(proof)
    return 0 if proof.ok else 1


def print_proof(proof: Proof) -> None:
    """The table of seals and what speaks against the graph."""
    for market in proof.data:
        print(f"{one_line(proof.graph)} on {market.symbol} {market.timeframe}: {market.bars:,} bars")
    print()
    rows = [("node", "type", "seal", "cuts", "fired", "look-back", "off at 1x, 2x, 4x")]
    rows += [_row(seal) for seal in proof.seals]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
    for problem in proof.problems:
        heirs = f"; inherited by {', '.join(problem.inherited_by)}" if problem.inherited_by else ""
        print(one_line(f"{problem.message}{heirs}"))
    runs = (
        f"{proof.node_cuts:,} cuts of single nodes, {proof.whole_cuts} of the whole graph, {proof.poisoned} poisoned"
        f" futures, in {proof.seconds:.2f} s (seed {proof.seed})"
    )
    print(f"{_verdict(proof)}: {runs}")


def _verdict(proof: Proof) -> str:
    faults = len(proof.problems)
    if faults:
        return f"{faults} fault{'s' if faults > 1 else ''}"
    return "clean" if proof.ok else "not proved, since a node fails on these candles"


def _row(seal: Seal) -> tuple[str, ...]:
    reason = one_line(seal.reason)
    words = SEALS[seal.seal] + (f" ({reason})" if seal.seal == "not_checked" else "")
    counts = (str(seal.cuts), str(seal.fired)) if seal.cuts else ("", "")
    plural = "" if seal.lookback == 1 else "s"
    memory = "since the start" if seal.memory else "" if seal.lookback is None else f"{seal.lookback} bar{plural}"
    off = ", ".join("0" if p == 0 else f"{p:.3g} %" for p in seal.warm_up)
    return (one_line(seal.node), one_line(seal.type), words, *counts, memory, off or (reason if seal.cuts else ""))
