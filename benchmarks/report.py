"""Tables of a benchmark run, as Markdown."""

import os
import platform
from typing import Any

Rows = list[dict[str, Any]]
NEAR = 1e-9  # relative difference of final equities that counts as equal
ENTRY_BAR = "entry bar exempt"


INTRO = """
S1: EMA 20/50 cross, always in the market, one unit, fee 0.055 %, filled at the next open. S2: the same with a stop
2 ATR(14) and a target 3 ATR(14) from the close of the signal bar, stop first inside a bar. The market is synthetic
(benchmarks/market.py). Engines are asked in turn, the best run of each counts; ratios are CPU time of the engine over
CPU time of Tradegraph. Freed memory stays in the process (engine/memory.py), for all engines alike.
"""
ENTRY_BAR_RULE = """
(1) vectorbt's `from_signals` looks at stops from the bar after the entry on. The hand-written run with that rule has
the same number of trades and the same final equity, so it is the only difference.
"""


def tables(found: dict[str, Any]) -> str:
    """The whole report."""
    text = f"# Benchmarks\n\nMade by `python -m benchmarks --write` on {machine()}.\n"
    text += INTRO
    if "warm" in found:
        text += "\n## Warm process\n\nCandles in memory; indicators, trades, equity and metrics computed anew.\n\n"
        text += warm(found["warm"])
    if "process" in found:
        text += "\n## Whole process\n\nStart, read the CSV file, back-test, print; the second and later starts.\n\n"
        text += processes(found["process"])
    if "sweep" in found:
        text += "\n## Sweep\n\n10 fast and 10 slow averages of S1 on 100,000 bars with all metrics of each run.\n\n"
        text += sweep(found["sweep"])
    if "overhead" in found:
        text += "\n## Cost of the graph\n\n" + overhead(found["overhead"])
    if "advisors" in found:
        text += "\n## Advisors\n\n100,000 synthetic bars of 15m, best of three, CPU.\n\n" + advisors(found["advisors"])
    for part, title in (("structure", "Structure"), ("prove", "Proofs")):
        if part in found:
            text += f"\n## {title}\n\n```\n{found[part].strip()}\n```\n"
    for part, title in (("store", "Store"), ("pages", "Pages")):
        if part in found:
            text += f"\n## {title}\n\n{found[part].strip()}\n"
    return text


def machine() -> str:
    """The machine in generic words."""
    return (
        f"{os.cpu_count()} shared cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}"
    )


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, aligned for reading as text too."""
    wide = [max(len(r[k]) for r in [heads, *rows]) for k in range(len(heads))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, wide, strict=True)) + " |" for r in [heads, *rows]]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in wide) + "|")
    return "\n".join(lines) + "\n"


def warm(rows: Rows) -> str:
    """Warm runs; a ratio only beside equal trades or a named rule."""
    out: list[list[str]] = []
    for row in rows:
        if row["engine"] == ENTRY_BAR:
            continue
        same = [r for r in rows if (r["strategy"], r["bars"]) == (row["strategy"], row["bars"])]
        ours = next(r for r in same if r["engine"] == "tradegraph")
        exempt = next((r for r in same if r["engine"] == ENTRY_BAR), None)
        verdict = "equal"
        if not _equal(row, ours):
            verdict = "DIFFERENT"
            if exempt is not None and _equal(row, exempt):
                verdict = "no exit on the entry bar (1)"
        shown = verdict != "DIFFERENT"
        out.append(
            [
                row["strategy"].upper(), f"{row['bars']:,}", row["engine"], f"{row['trades']:,}",
                f"{row['equity']:.6f}", verdict, f"{row['cpu_ms']:.2f}" if shown else "-",
                f"{row['ms']:.2f}" if shown else "-", f"{row['cpu_ms'] / ours['cpu_ms']:.2f}" if shown else "-",
            ]
        )  # fmt: skip
    heads = ["", "bars", "engine", "trades", "final equity", "trades and equity", "CPU ms", "wall ms", "ratio"]
    return table(heads, out) + ENTRY_BAR_RULE


def _equal(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a["trades"] == b["trades"] and abs(a["equity"] / b["equity"] - 1) < NEAR


def processes(rows: Rows) -> str:
    """Whole processes."""
    out: list[list[str]] = []
    for row in rows:
        same = [r for r in rows if (r["strategy"], r["bars"]) == (row["strategy"], row["bars"])]
        ours = next(r for r in same if r["engine"] == "tradegraph")
        out.append(
            [
                row["strategy"].upper(), f"{row['bars']:,}", row["engine"], f"{row['cpu']:.2f}", f"{row['wall']:.2f}",
                f"{row['mb']:.0f}", f"{row['cpu'] / ours['cpu']:.2f}",
            ]
        )  # fmt: skip
    return table(["", "bars", "engine", "CPU s", "wall s", "peak MB", "ratio"], out)


def sweep(rows: Rows) -> str:
    """Sweeps; the number of trades over all combinations has to be equal."""
    out = [
        [
            row["engine"], f"{row['trades']:,}", f"{row['equity']:.4f}", f"{row['seconds']:.3f}",
            f"{row['cpu']:.3f}", f"{row['rate'] / 1e6:.1f}", f"{row['mb']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    heads = ["engine", "trades", "mean final equity", "wall s", "CPU s", "million bar-combinations/s", "peak MB"]
    return table(heads, out)


def overhead(found: dict[str, float]) -> str:
    """The graph's own cost per node."""
    return table(
        ["a chain of 100 trivial nodes", "µs per node"],
        [[name, f"{value:.2f}"] for name, value in found.items()],
    )


def advisors(rows: Rows) -> str:
    """What the built-in advisors cost, and their slowest nodes."""
    lines = [
        [r["graph"], str(r["nodes"]), f"{r['pass_ms']:.0f}", f"{r['backtest_ms']:.0f}", ", ".join(r["slowest"])]
        for r in rows
    ]
    return table(["graph", "nodes", "vector pass, ms", "back-test, ms", "slowest nodes, ms"], lines)
