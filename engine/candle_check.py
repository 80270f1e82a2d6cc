"""Refuses raw candles that cannot be true, in one sentence that names file, row, finding and remedy.

All kinds of defect are looked for; the first is told in full, the others are counted.  Nothing is repaired.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import PRICE_COLUMNS, FloatColumn, TimeColumn
from engine.errors import InputError
from engine.time_check import Defect, check_order, check_times, check_unit, instant_text, plural

Mask = NDArray[np.bool_]
LEAST_PRICE, LARGEST = 1e-12, 1e15  # beyond these a price or volume is a broken file, and sums of it overflow


class Checked(msgspec.Struct, frozen=True):
    """What clean candles turned out to be; `gaps` holes in time hide `missing` bars (0 unless allowed)."""

    timeframe: str
    gaps: int = 0
    missing: int = 0


def check_columns(
    columns: Mapping[str, Any],
    source: str,
    *,
    timeframe: str | None = None,
    allow_gaps: bool = False,
    first_row: int = 2,
) -> Checked:
    """The timeframe of these candles (`columns` named as in `engine.candles.COLUMNS`).

    `source` is what messages call the data, `first_row` the line of the first candle.  Raises InputError.
    """
    time = np.asarray(columns["time"], np.int64)
    if not len(time):
        raise InputError(f"{source} holds no candles; at least one row is needed")
    facts, defects = check_times(time, timeframe, allow_gaps)
    defects += check_values({name: np.asarray(columns[name], np.float64) for name in (*PRICE_COLUMNS, "volume")})
    refuse(defects, source, time, first_row)
    return Checked(facts.timeframe, facts.gaps, facts.missing)


def check_funding(time: TimeColumn, rate: FloatColumn, source: str, *, first_row: int = 2) -> None:
    """Raises InputError unless time stamps ascend and rates are finite fractions per settlement."""
    if not len(time):
        raise InputError(f"{source} holds no funding rates; at least one row is needed")
    defects = check_unit(time) + check_order(time)
    defects += _defect(
        ~np.isfinite(rate),
        "unusable funding rate",
        lambda i: f"the funding rate is {rate[i]}; write a number",
    )
    if not defects and (np.abs(rate).max() >= 1 or (len(rate) >= 30 and np.median(np.abs(rate)) > 0.005)):
        worst = int(np.argmax(np.abs(rate)))
        cure = f"a funding rate of {rate[worst]} looks like percent; write fractions (0.01 % is 0.0001)"
        defects.append(Defect("rate in percent", worst, len(rate), cure))
    refuse(defects, source, time, first_row)


def check_values(columns: Mapping[str, FloatColumn]) -> list[Defect]:
    """Defects of prices and volumes, row by row."""
    defects: list[Defect] = []
    for name, column in columns.items():
        defects += _not_finite(name, column)
        defects += _too_large(name, column)
    for name in PRICE_COLUMNS:
        defects += _not_positive(name, columns[name])
    high, low, volume = columns["high"], columns["low"], columns["volume"]
    crossed = high < low
    defects += _defect(
        crossed,
        "high below low",
        lambda i: f"high {high[i]} is below low {low[i]}; correct it or export the row again",
    )
    for name in ("open", "close"):
        defects += _outside(name, columns[name], high, low, crossed)
    defects += _defect(
        volume < 0,
        "negative volume",
        lambda i: f"volume {volume[i]} is negative; write 0 or the volume in base currency",
    )
    return defects


def refuse(defects: list[Defect], source: str, time: TimeColumn, first_row: int) -> None:
    """Raises InputError if there is a defect."""
    if not defects:
        return
    first, *others = defects
    text = f"{source} row {first.row + first_row}"
    if first.dated:
        text += f" ({instant_text(int(time[first.row]))})"
    text += f": {first.message}"
    if first.count > 1 and not first.counted:
        text += f" ({first.count:,} such rows)"
    if others:
        text += f"; and {plural(len(others), 'more kind')} of defect: "
        text += ", ".join(f"{d.kind} ({plural(d.count, 'row')}, first {d.row + first_row})" for d in others[:4])
        text += ", …" if len(others) > 4 else ""
    raise InputError(text)


def _defect(mask: Mask, kind: str, message: Callable[[int], str]) -> list[Defect]:
    row = int(mask.argmax())
    return [Defect(kind, row, int(mask.sum()), message(row))] if mask[row] else []


def _not_finite(name: str, column: FloatColumn) -> list[Defect]:
    finite = np.isfinite(column)
    if finite.all():
        return []
    return _defect(
        ~finite,
        f"{name} not a number",
        lambda i: f"{name} is {column[i]}; write a number or export the row again",
    )


def _not_positive(name: str, column: FloatColumn) -> list[Defect]:
    if column.min() >= LEAST_PRICE:
        return []
    return _defect(
        (column < LEAST_PRICE) & (column > -np.inf),
        f"{name} not above 0",
        lambda i: (
            f"{name} {column[i]} is not {'above 0' if column[i] <= 0 else 'a believable price'}; correct it or "
            "export the row again"
        ),
    )


def _too_large(name: str, column: FloatColumn) -> list[Defect]:
    if column.max() <= LARGEST:
        return []
    return _defect(
        (column > LARGEST) & (column < np.inf),
        f"{name} too large",
        lambda i: f"{name} {column[i]:g} is beyond belief; correct it or export the row again",
    )


def _outside(name: str, column: FloatColumn, high: FloatColumn, low: FloatColumn, crossed: Mask) -> list[Defect]:
    outside = ((column > high) | (column < low)) & ~crossed
    return _defect(
        outside,
        f"{name} outside high and low",
        lambda i: f"{name} {column[i]} is not within {low[i]} (low) to {high[i]} (high); correct the row",
    )
