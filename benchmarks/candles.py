"""CPU time to read candle files of 10,000 and 500,000 rows in a new process: `python -m benchmarks.candles`.

"first" is the first read (parsed, checked, hashed, kept in the cache), "second" a later process that finds the parsed
columns in the cache (files from 1 MB on), "import" what the reader costs to import after numpy.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.sim.synthetic import Market, synthetic_candles
from server.adapters.candle_files import write_candles

READ = """
import sys, time, numpy
start = time.process_time()
from server.adapters.candle_files import read_candles
ready = time.process_time()
candles = read_candles(sys.argv[1])
print(1000 * (ready - start), 1000 * (time.process_time() - ready), candles.identity)
"""


def milliseconds(path: Path, home: Path) -> tuple[float, float]:
    """CPU time to import the reader and to read the file, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env={**os.environ, "TRADEGRAPH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    loading, reading, _ = done.stdout.split()
    return float(loading), float(reading)


def measure(path: Path, rounds: int) -> tuple[float, float, float]:
    """Best of `rounds`: import, first and second read."""
    rows: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as home:
            loading, first = milliseconds(path, Path(home))
            _, second = milliseconds(path, Path(home))
            rows.append((loading, first, second))
    best = [min(column) for column in zip(*rows, strict=True)]
    return best[0], best[1], best[2]


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{'file':28} {'MB':>6} {'import':>8} {'first':>8} {'second':>8}   ms CPU, best of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        for bars in (10_000, 500_000):
            candles = synthetic_candles(1, bars, Market(timeframe="1m"))
            for ending in ("csv", "csv.gz", "parquet"):
                path = Path(folder) / f"SYNTHUSDT_{bars}.{ending}"
                write_candles(path, candles)
                loading, first, second = measure(path, rounds)
                size = path.stat().st_size / 1e6
                print(f"{path.name:28} {size:6.1f} {loading:8.1f} {first:8.1f} {second:8.1f}")


if __name__ == "__main__":
    main()
