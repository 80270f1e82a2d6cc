"""Candles written as a table in a test, one bar a line: open high low close, and volume if it matters."""

from typing import Any

import numpy as np

from engine.candles import Candles, make_candles
from engine.timeframe import duration

MONDAY = 1_704_067_200_000  # 2024-01-01 00:00 UTC


def bars(table: str, timeframe: str = "1h", start: int = MONDAY) -> Candles:
    """Candles from lines of `open high low close [volume]`; `?` is an unknown value, `#` begins a remark."""
    lines = [line.partition("#")[0].split() for line in table.splitlines()]
    rows = [[float("nan") if word == "?" else float(word) for word in line] for line in lines if line]
    columns = np.array([row + [1.0] * (5 - len(row)) for row in rows]).T
    time = start + duration(timeframe) * np.arange(len(rows))
    names = ("open", "high", "low", "close", "volume")
    return make_candles("T", timeframe, time=time, **dict(zip(names, columns, strict=True)))


def mirrored(candles: Candles, around: float = 200.0) -> Candles:
    """The market upside down: every rule must say the opposite there."""
    return make_candles(
        "T", candles.timeframe, time=candles.time, volume=candles.volume,
        open=around - candles.open, high=around - candles.low, low=around - candles.high, close=around - candles.close,
    )  # fmt: skip


def numbers(*values: float) -> Any:
    return np.array(values, float)


def said(*values: int) -> Any:
    return np.array(values, np.int8)
