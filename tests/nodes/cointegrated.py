"""Invented pairs of markets: y = level + beta * x + a spread that comes back, an AR(1) series from a seed."""

from typing import Any

import numpy as np


def ar1(rows: int, seed: int, keep: float = 0.9, noise: float = 1.0) -> Any:
    """A series that keeps a share of itself from bar to bar."""
    shocks = np.random.default_rng(seed).normal(0, noise, rows)
    out = np.zeros(rows)
    for i in range(1, rows):
        out[i] = keep * out[i - 1] + shocks[i]
    return out


def cointegrated(rows: int, seed: int, beta: float, level: float = 300.0, keep: float = 0.9) -> tuple[Any, Any]:
    """Prices of the main market x, a random walk around 100, and of its pair y."""
    x = 100 * np.exp(np.cumsum(np.random.default_rng(seed + 1000).normal(0, 0.004, rows)))
    return x, level + beta * x + ar1(rows, seed, keep)
