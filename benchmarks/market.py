"""The market all engines are measured on: seeded, 1m, with bursts of volatility, prices on a tick of 0.1."""

from pathlib import Path
from typing import Any

import numpy as np

FIRST = 1_609_459_200_000  # 2021-01-01 UTC in ms
MINUTE = 60_000
NAMES = ("time", "open", "high", "low", "close", "volume")


def columns(bars: int, seed: int = 7) -> dict[str, Any]:
    """Candle columns: a random walk whose volatility clusters; the same bars for the same seed, shorter = prefix."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((bars, 5))
    heat = np.empty(bars)
    level = 0.0
    for i in range(bars):
        level = 0.98 * level + 0.1 * shocks[i, 0]
        heat[i] = level
    width = 4e-4 * np.exp(heat)
    close = np.round(30_000 * np.exp(np.cumsum(width * shocks[:, 1])), 1)
    open_ = np.concatenate([close[:1], close[:-1]])
    open_ = np.round(open_ + np.where(np.abs(shocks[:, 4]) > 2, width * shocks[:, 4] * open_ * 0.2, 0.0), 1)
    high = np.round(np.maximum(open_, close) * (1 + width * np.abs(shocks[:, 2]) * 0.6), 1)
    low = np.round(np.minimum(open_, close) * (1 - width * np.abs(shocks[:, 3]) * 0.6), 1)
    volume = np.round(10 + 1e5 * width, 3)
    return {
        "time": FIRST + MINUTE * np.arange(bars, dtype=np.int64),
        "open": open_,
        "high": np.maximum(high, np.maximum(open_, close)),
        "low": np.minimum(low, np.minimum(open_, close)),
        "close": close,
        "volume": volume,
    }


def write_csv(path: Path, candles: dict[str, np.ndarray]) -> None:
    """The candles as a CSV file that every engine can read."""
    texts = [map(repr, candles[name].tolist()) for name in NAMES]
    rows = "\n".join(map(",".join, zip(*texts, strict=True)))
    path.write_text(f"timestamp,open,high,low,close,volume\n{rows}\n")


def write_all(folder: Path, sizes: list[int]) -> None:
    """Files of the first n bars for every size: SYNTH_<n>.csv for whole processes, <n>.npy for warm runs."""
    longest = columns(max(sizes))
    for n in sizes:
        part = {name: values[:n] for name, values in longest.items()}
        write_csv(folder / f"SYNTH_{n}.csv", part)
        np.save(folder / f"{n}.npy", np.array([part[name] for name in NAMES]))


if __name__ == "__main__":
    import sys

    write_all(Path(sys.argv[1]), [int(n) for n in sys.argv[2:]])
