"""Small candle and funding files for tests of the command line."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.timeframe import HOUR

HEADER = "timestamp,open,high,low,close,volume"
START = 1_704_067_200_000  # 2024-01-01 00:00 UTC
BARS = 800  # more than the 627 bars that ema_cross warms up for

Row = list[Any]
Change = Callable[[int, Row], Row | None]


def rows(bars: int = BARS, *, step: int = HOUR, start: int = START, change: Change | None = None) -> list[Row]:
    """A swinging market; `change` gets number and values of each row and returns the row, None leaves it out."""
    out: list[Row] = []
    last = 100.0
    for i in range(bars):
        close = round(100 * (1 + 0.05 * math.sin(i * step / HOUR / 15)) + (i % 7) * 0.1, 2)
        high, low = round(max(last, close) + 0.3, 2), round(min(last, close) - 0.3, 2)
        row: Row | None = [start + i * step, last, high, low, close, 10 + i % 5]
        row = change(i, row) if change else row
        last = close
        if row is not None:
            out.append(row)
    return out


def write_table(path: Path, table: list[Row], header: str = HEADER) -> str:
    """The name of the file, beside which the command runs."""
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in table), ""]))
    return path.name


def with_value(row: int, column: int, value: object) -> Change:
    """Puts a value into one place."""

    def change(i: int, values: Row) -> Row:
        if i == row:
            values[column] = value
        return values

    return change


def without(row: int) -> Change:
    """Leaves a row out."""
    return lambda i, values: None if i == row else values


def settlements(count: int = 100, *, rate: object = 0.0001, start: int = START) -> list[Row]:
    """Funding every eight hours."""
    return [[start + i * 8 * HOUR, rate] for i in range(count)]
