"""Runs all benchmarks and prints the tables; `--write` also writes RESULTS.md, `--sizes 10000` runs fewer bars.

Equal trades first, speed second: a speed is printed only beside a number of trades and a final equity that equal
Tradegraph's, or beside the name of the rule that makes the difference.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import environment, report

ROOT = Path(__file__).resolve().parent.parent
CAPITAL = 1_000_000.0
WARM = {"s1": 626, "s2": 626}  # rows before the first decision of the graphs; checked against the plan by ours.py
RULES = (
    "--policy", "frictionless", "--fees", "0.00055", "--rule", "path=pessimistic", "--rule", "at_end=open",
    "--rule", "size_at=decision",
)  # fmt: skip
ROUNDS = 5
PARTS = ("warm", "process", "sweep", "overhead", "advisors", "structure", "prove", "store", "pages")
# What engine.memory.keep_memory does, for every warm engine alike: freed memory stays in the process.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(192 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Worker:
    """An engine in its own process, asked by JSON lines."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | KEEP_MEMORY,
        )  # fmt: skip

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One question, one answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmark worker {self.name} ended; run it by hand to see why")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def workers() -> list[Worker]:
    """All engines, Tradegraph first."""
    peer = [environment.python(), "-m", "benchmarks.peers"]
    return [
        Worker("tradegraph", [sys.executable, "-m", "benchmarks.ours"]),
        Worker("numba by hand", [*peer, "staged"]),
        Worker("vectorbt", [*peer, "vectorbt"]),
        Worker("backtesting.py", [*peer, "backtesting"]),
    ]


def warm_runs(folder: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """Best of several warm runs of every engine, asked in turn; one row per strategy, size and engine."""
    rows: list[dict[str, Any]] = []
    engines = workers()
    for bars in sizes:
        for strategy in ("s1", "s2"):
            job = {"candles": str(folder / f"{bars}.npy"), "strategy": strategy, "capital": CAPITAL}
            job["warm"] = WARM[strategy]
            best = {e.name: e.ask({"prepare": job}) | {"ms": 1e12, "cpu_ms": 1e12} for e in engines}
            for round_ in range(ROUNDS):
                for engine in engines:
                    if engine.name == "backtesting.py" and bars * round_ > 100_000:
                        continue  # seconds per run: once is enough
                    answer = engine.ask({"run": 1 if engine.name == "backtesting.py" else 3})
                    for figure in ("ms", "cpu_ms"):
                        answer[figure] = min(answer[figure], best[engine.name][figure])
                    best[engine.name] |= answer
            rows += [{"strategy": strategy, "bars": bars, "engine": n, **b} for n, b in best.items()]
            if strategy == "s2":
                other = engines[1].ask({"prepare": job | {"on_entry_bar": False}})
                rows.append({"strategy": strategy, "bars": bars, "engine": "entry bar exempt", **other})
            print(f"  {strategy} {bars} bars", file=sys.stderr)
    for engine in engines:
        engine.close()
    return rows


def whole_processes(folder: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """CPU, wall and peak memory of fresh processes that read the CSV file and back-test it, best of several."""
    rows: list[dict[str, Any]] = []
    peer = [environment.python(), "-m", "benchmarks.peers"]
    program = str(Path(sys.executable).parent / "tradegraph")
    for bars in sizes:
        file = str(folder / f"SYNTH_{bars}.csv")
        for strategy in ("s1", "s2"):
            graph = str(ROOT / "benchmarks" / "graphs" / f"{strategy}.json")
            tail = ["once", strategy, file, str(WARM[strategy]), str(CAPITAL)]
            commands = {
                "tradegraph": [
                    program,
                    "backtest",
                    graph,
                    "--candles",
                    file,
                    "--capital",
                    str(CAPITAL),
                    *RULES,
                    "--json",
                ],
                "numba by hand": [*peer, "staged", *tail],
                "vectorbt": [*peer, "vectorbt", *tail],
                "backtesting.py": [*peer, "backtesting", *tail],
            }
            best: dict[str, dict[str, Any]] = {}
            for round_ in range(4):
                for name, command in commands.items():
                    if name == "backtesting.py" and round_ > 1:
                        continue
                    found = _measured(command)
                    before = best.get(name, found)
                    best[name] = {figure: min(found[figure], before[figure]) for figure in found}
            rows += [{"strategy": strategy, "bars": bars, "engine": n, **b} for n, b in best.items()]
            print(f"  whole process {strategy} {bars} bars", file=sys.stderr)
    return rows


def _measured(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds and peak MB of a process.  This process must stay small: a child's peak starts from it."""
    import time

    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with code {process.returncode}")
    return {
        "wall": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "mb": usage.ru_maxrss / 1024,
    }


def other(module: str, python: str, *arguments: str) -> Any:
    """The JSON answer of a benchmark that runs as a process of its own."""
    found = subprocess.run(
        [python, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | KEEP_MEMORY,
    )  # fmt: skip
    if found.returncode:
        raise SystemExit(f"{module} failed:\n{found.stderr}")
    return json.loads(found.stdout)


def told(module: str) -> str:
    """What a benchmark of ours prints for people."""
    found = subprocess.run([sys.executable, "-m", module], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"{module} failed:\n{found.stderr}")
    return found.stdout


def sweeps(folder: Path) -> list[dict[str, Any]]:
    """The 100-combination sweep on 100k bars: Tradegraph on one and two cores, vectorbt."""
    file = str(folder / "100000.npy")
    runs = [
        ("tradegraph, 1 core", sys.executable, ("ours", file, "1")),
        ("tradegraph, 2 cores", sys.executable, ("ours", file, "2")),
        ("vectorbt", environment.python(), ("vectorbt", file, "1")),
    ]
    rows = [{"engine": name, **other("benchmarks.sweeps", python, *args)} for name, python, args in runs]
    print("  sweep", file=sys.stderr)
    return rows


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 500_000])
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md")
    parser.add_argument("--only", choices=PARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = sorted({*options.sizes, 100_000})
        subprocess.run(
            [sys.executable, "-m", "benchmarks.market", name, *map(str, sizes)], cwd=ROOT, check=True
        )  # in a process of its own: this one stays small
        parts = {
            "warm": lambda: warm_runs(folder, options.sizes),
            "process": lambda: whole_processes(folder, options.sizes),
            "sweep": lambda: sweeps(folder),
            "overhead": lambda: other("benchmarks.overhead", sys.executable),
            "advisors": lambda: other("benchmarks.advisors", sys.executable),
            "structure": lambda: told("benchmarks.structure"),
            "prove": lambda: told("benchmarks.prove"),
            "store": lambda: told("benchmarks.store"),
            "pages": lambda: told("benchmarks.pages"),
        }
        found = {part: run() for part, run in parts.items() if options.only in (None, part)}
    text = report.tables(found)
    print(text)
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "latest.json").write_text(json.dumps(found, indent=1) + "\n")
    if options.write:
        (ROOT / "benchmarks" / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
