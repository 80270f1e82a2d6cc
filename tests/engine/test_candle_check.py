"""Every defect of raw candles is refused in one exact sentence."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from engine.candle_check import Checked, check_columns, check_funding
from engine.errors import InputError
from engine.timeframe import DAY, DURATIONS, HOUR, MINUTE

START = 1_704_067_200_000  # Monday, 2024-01-01 00:00 UTC
Columns = dict[str, Any]


def clean(rows: int = 60, step: int = HOUR) -> Columns:
    close = 100.0 + np.arange(rows) % 7
    first = np.concatenate([close[:1], close[:-1]])
    return {
        "time": START + step * np.arange(rows),
        "open": first,
        "high": np.maximum(first, close) + 1,
        "low": np.minimum(first, close) - 1,
        "close": close,
        "volume": np.full(rows, 5.0),
    }


def put(name: str, rows: Any, value: float) -> Callable[[Columns], Columns]:
    def change(columns: Columns) -> Columns:
        columns[name][rows] = value
        return columns

    return change


def times(change: Callable[[Any], Any]) -> Callable[[Columns], Columns]:
    return lambda columns: columns | {"time": change(columns["time"])}


def rows(pick: Any) -> Callable[[Columns], Columns]:
    return lambda columns: {name: column[pick] for name, column in columns.items()}


class Case(NamedTuple):
    name: str
    change: Callable[[Columns], Columns]
    message: str
    options: Columns = {}  # noqa: RUF012


ROW = np.arange(60)
WITHOUT = np.delete(ROW, [7, 8, 30])
DEFECTS = [
    Case(
        "out of order",
        rows(np.r_[ROW[:10], ROW[20:25], ROW[10:20], ROW[25:]]),
        "row 17 (2024-01-01 10:00 UTC): time stamp comes after 2024-01-02 00:00 UTC; sort the rows, oldest first",
    ),
    Case(
        "newest first",
        rows(slice(None, None, -1)),
        "row 2 (2024-01-03 11:00 UTC): the rows run from new to old; sort them, oldest first",
    ),
    Case(
        "duplicate",
        rows(np.r_[ROW[:20], ROW[19:]]),
        "row 22 (2024-01-01 19:00 UTC): the same time stamp stands 1 row above; keep one of the two",
    ),
    Case(
        "duplicate far away",
        rows(np.r_[ROW, ROW[:2]]),
        "row 62 (2024-01-01 00:00 UTC): time stamp comes after 2024-01-03 11:00 UTC; sort the rows, oldest first; "
        "and 1 more kind of defect: doubled time stamp (2 rows, first 62)",
    ),
    Case(
        "gap",
        rows(np.delete(ROW, [7, 8])),
        "row 9 (2024-01-01 09:00 UTC): 2 bars of 1h missing after 2024-01-01 06:00 UTC; "
        "add the missing rows or allow gaps",
    ),
    Case(
        "gaps",
        rows(WITHOUT),
        "row 9 (2024-01-01 09:00 UTC): 2 bars of 1h missing after 2024-01-01 06:00 UTC, 2 gaps with 3 missing bars "
        "in all; add the missing rows or allow gaps",
    ),
    Case(
        "high below low",
        put("high", 5, 50.0),
        "row 7 (2024-01-01 05:00 UTC): high 50.0 is below low 103.0; correct it or export the row again",
    ),
    Case(
        "open outside",
        put("open", 5, 90.0),
        "row 7 (2024-01-01 05:00 UTC): open 90.0 is not within 103.0 (low) to 106.0 (high); correct the row",
    ),
    Case(
        "close outside, twice",
        put("close", [5, 9], 190.0),
        "row 7 (2024-01-01 05:00 UTC): close 190.0 is not within 103.0 (low) to 106.0 (high); correct the row "
        "(2 such rows)",
    ),
    Case(
        "NaN",
        put("close", 3, np.nan),
        "row 5 (2024-01-01 03:00 UTC): close is nan; write a number or export the row again",
    ),
    Case(
        "infinite",
        put("volume", 3, np.inf),
        "row 5 (2024-01-01 03:00 UTC): volume is inf; write a number or export the row again",
    ),
    Case(
        "price 0",
        put("low", [0, 59], 0.0),
        "row 2 (2024-01-01 00:00 UTC): low 0.0 is not above 0; correct it or export the row again (2 such rows)",
    ),
    Case(
        "negative volume",
        put("volume", 4, -1.0),
        "row 6 (2024-01-01 04:00 UTC): volume -1.0 is negative; write 0 or the volume in base currency",
    ),
    Case(
        "unaligned",
        times(lambda time: time + 2 * MINUTE),
        "row 2 (2024-01-01 00:02 UTC): time stamp is 2 min past a 1h boundary; "
        "write the instant in UTC at which the bar opens (60 such rows)",
    ),
    Case(
        "one row unaligned",
        times(lambda time: time + np.where(ROW == 9, 30_000, 0)),
        "row 11 (2024-01-01 09:00:30 UTC): time stamp is 30 s past a 1h boundary; write the instant in UTC at which "
        "the bar opens",
    ),
    Case(
        "seconds",
        times(lambda time: time // 1000),
        "row 2: time stamp 1704067200 looks like seconds, not milliseconds since 1970 UTC; multiply it by 1,000 "
        "(60 such rows)",
    ),
    Case(
        "microseconds",
        times(lambda time: time * 1000),
        "row 2: time stamp 1704067200000000 looks like microseconds, not milliseconds since 1970 UTC; "
        "divide it by 1,000 (60 such rows)",
    ),
    Case(
        "nanoseconds",
        times(lambda time: time * 1_000_000),
        "row 2: time stamp 1704067200000000000 looks like nanoseconds, not milliseconds since 1970 UTC; "
        "divide it by 1,000,000 (60 such rows)",
    ),
    Case(
        "microseconds from the middle on",
        times(lambda time: np.where(ROW < 40, time, time * 1000)),
        "row 42: time stamp 1704211200000000 looks like microseconds, not milliseconds since 1970 UTC; "
        "divide it by 1,000 (20 such rows)",
    ),
    Case(
        "shorter bars at the end",
        times(lambda time: np.r_[time[:40], time[40] + 15 * MINUTE * np.arange(20)]),
        "row 43 (2024-01-02 16:15 UTC): comes 15m after the row before in a file of 1h bars; split the file "
        "(19 such rows); and 1 more kind of defect: time stamp off the boundary (15 rows, first 43)",
    ),
    Case(
        "longer bars at the end",
        times(lambda time: np.r_[time[:41], time[40] + 4 * HOUR * np.arange(1, 20)]),
        "row 43 (2024-01-02 20:00 UTC): comes 4h after the row before in a file of 1h bars; split the file "
        "(19 such rows)",
    ),
    Case(
        "no timeframe",
        times(lambda time: START + (time - START) // 6),
        "row 2 (2024-01-01 00:00 UTC): rows are mostly 10 min apart, which is no timeframe; "
        "use one of 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 12h, 1d, 1w",
    ),
    Case(
        "not the timeframe that was named",
        lambda columns: columns,
        "row 2 (2024-01-01 00:00 UTC): rows are mostly 1h apart, not 15m; name the timeframe of the file",
        {"timeframe": "15m"},
    ),
    Case(
        "one row",
        rows(slice(0, 1)),
        "row 2 (2024-01-01 00:00 UTC): one row alone does not show its timeframe; add rows or name the timeframe",
    ),
]


@pytest.mark.parametrize("case", DEFECTS, ids=lambda case: case.name)
def test_defect_is_told_in_one_sentence(case: Case) -> None:
    with pytest.raises(InputError) as caught:
        check_columns(case.change(clean()), "BTC.csv", **case.options)

    assert f"BTC.csv {case.message}" == str(caught.value)


def test_no_rows() -> None:
    with pytest.raises(InputError, match=r"^BTC.csv holds no candles; at least one row is needed$"):
        check_columns(rows(slice(0, 0))(clean()), "BTC.csv")


def test_all_kinds_are_counted_behind_the_first() -> None:
    """One line, the first defect in full, four more by name, the rest by an ellipsis."""
    columns = clean()
    for name, row, value in [("open", 9, np.nan), ("close", 2, -4.0), ("high", 20, 1.0), ("volume", 3, -1.0)]:
        columns[name][row] = value
    columns["close"][40] = 500.0
    columns["time"][50:] += 60 * HOUR

    with pytest.raises(InputError) as caught:
        check_columns(columns, "f.csv")

    assert str(caught.value) == (
        "f.csv row 52 (2024-01-05 14:00 UTC): 60 bars of 1h missing after 2024-01-03 01:00 UTC; add the missing rows "
        "or allow gaps; and 5 more kinds of defect: open not a number (1 row, first 11), close not above 0 (1 row, "
        "first 4), high below low (1 row, first 22), close outside high and low (2 rows, first 4), …"
    )


def test_unit_of_time_does_not_hide_other_defects_of_time() -> None:
    columns = rows(WITHOUT)(clean())
    columns["time"] = columns["time"] // 1000

    with pytest.raises(InputError, match=r"looks like seconds.*1 more kind of defect: gap \(2 rows, first 9\)$"):
        check_columns(columns, "f.csv")


def test_gaps_are_counted_if_allowed() -> None:
    assert check_columns(rows(WITHOUT)(clean()), "f.csv", allow_gaps=True) == Checked("1h", gaps=2, missing=3)


def test_row_numbers_count_from_first_row() -> None:
    with pytest.raises(InputError, match=r"^f.parquet row 6 "):
        check_columns(put("low", 5, -1.0)(clean()), "f.parquet", first_row=1)


@pytest.mark.parametrize("timeframe", DURATIONS)
def test_timeframe_is_inferred(timeframe: str) -> None:
    columns = clean(step=DURATIONS[timeframe])

    assert check_columns(columns, "f.csv") == Checked(timeframe)
    assert check_columns(columns, "f.csv", timeframe=timeframe) == Checked(timeframe)


def test_weeks_begin_on_monday() -> None:
    columns = clean(step=7 * DAY)
    columns["time"] = columns["time"] + 3 * DAY

    with pytest.raises(InputError, match="time stamp is 3 d past a 1w boundary"):
        check_columns(columns, "f.csv")


def test_years_before_1973_are_no_seconds() -> None:
    """Stock data that passes through 1970, where milliseconds are near 0."""
    columns = clean(rows=1000, step=DAY)
    columns["time"] = columns["time"] - columns["time"][0] - 500 * DAY
    assert check_columns(columns, "f.csv") == Checked("1d")


FUNDING = [
    ("order", [0, 2, 1], [0.0001] * 3, "row 4 (2024-01-01 08:00 UTC): time stamp comes after 2024-01-01 16:00 UTC; "),
    ("double", [0, 1, 1], [0.0001] * 3, "row 4 (2024-01-01 08:00 UTC): the same time stamp stands 1 row above; "),
    ("NaN", [0, 1, 2], [0.0001, np.nan, 0], "row 3 (2024-01-01 08:00 UTC): the funding rate is nan; write a number"),
    ("percent", [0, 1, 2], [0.01, 0.01, -1.2], "row 4 (2024-01-01 16:00 UTC): a funding rate of -1.2 looks like perc"),
    ("always percent", range(40), [0.01] * 40, "row 2 (2024-01-01 00:00 UTC): a funding rate of 0.01 looks like perc"),
]


@pytest.mark.parametrize(("name", "marks", "rates", "message"), FUNDING, ids=[case[0] for case in FUNDING])
def test_funding_defect_is_told(name: str, marks: Any, rates: list[float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_funding(START + 8 * HOUR * np.array(marks), np.array(rates), "f.csv")

    assert str(caught.value).startswith(f"f.csv {message}")


def test_funding_seconds_and_none() -> None:
    with pytest.raises(InputError, match="looks like seconds"):
        check_funding(START // 1000 + 28_800 * np.arange(3), np.zeros(3), "f.csv")
    with pytest.raises(InputError, match="holds no funding rates"):
        check_funding(np.zeros(0, np.int64), np.zeros(0), "f.csv")
    check_funding(START + 8 * HOUR * np.arange(3), np.array([0.0001, -0.0003, 0.02]), "f.csv")
