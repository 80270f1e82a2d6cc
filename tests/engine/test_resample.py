"""Longer candles from shorter ones, by hand and against a reference bar by bar."""

from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from engine.candles import COLUMNS, Candles, make_candles
from engine.errors import InputError
from engine.resample import resample
from engine.timeframe import DAY, HOUR, MINUTE, duration, floor

MONDAY = 1_704_067_200_000  # 2024-01-01


def candles(rows: Any, timeframe: str = "1h", start: int = MONDAY) -> Candles:
    """Candles at the given bar numbers after `start`."""
    at = np.asarray(rows, np.int64)
    rng = np.random.default_rng(1)
    opened, close = 100 + rng.random(len(at)), 100 + rng.random(len(at))
    return make_candles(
        "T",
        timeframe,
        origin="a test",
        synthetic=True,
        time=start + duration(timeframe) * at,
        open=opened,
        high=np.maximum(opened, close) + rng.random(len(at)),
        low=np.minimum(opened, close) - rng.random(len(at)),
        close=close,
        volume=rng.random(len(at)),
    )


def reference(base: Candles, timeframe: str) -> list[tuple[float, ...]]:
    """The rule, bar by bar."""
    groups: dict[int, list[int]] = {}
    for i, time in enumerate(base.time.tolist()):
        groups.setdefault(floor(time, timeframe), []).append(i)
    out = []
    for number, (opening, rows) in enumerate(groups.items()):
        begun_before = number == 0 and base.time[rows[0]] != opening
        closed = opening + duration(timeframe) <= base.time[-1] + base.bar_ms
        if closed and not begun_before:
            high, low, volume = base.high[rows].max(), base.low[rows].min(), base.volume[rows].sum()
            out.append((opening, base.open[rows[0]], high, low, base.close[rows[-1]], volume))
    return out


def rows_of(longer: Candles) -> list[tuple[float, ...]]:
    return list(zip(*(getattr(longer, c).tolist() for c in COLUMNS), strict=True))


def hours(longer: Candles) -> list[int]:
    return ((longer.time - MONDAY) // HOUR).tolist()


def test_values() -> None:
    base = make_candles(
        "T",
        "1h",
        time=MONDAY + HOUR * np.arange(4),
        open=[1, 2, 3, 4],
        high=[5, 9, 6, 7],
        low=[1, 0.5, 2, 3],
        close=[2, 3, 4, 5],
        volume=[10, 20, 30, 40],
    )
    assert rows_of(resample(base, "4h")) == [(MONDAY, 1, 9, 0.5, 5, 100)]
    assert rows_of(resample(base, "2h")) == [(MONDAY, 1, 9, 0.5, 3, 30), (MONDAY + 2 * HOUR, 3, 7, 2, 5, 70)]


COMPLETENESS = [
    # base bars there, 4h bars that come out
    ([0, 1, 2, 3], [0]),
    ([0, 1, 2], []),  # not closed
    ([0, 1, 2, 3, 4], [0]),  # the second has only begun
    ([1, 2, 3, 4, 5, 6, 7], [4]),  # the first is not complete
    ([3, 4, 5, 6, 7], [4]),
    ([0, 2, 3], [0]),  # a missing bar inside
    ([0, 1, 2, 4], [0]),  # the last one missing: closed as soon as a later bar is there
    ([0, 1, 2, 3, 5, 7], [0, 4]),  # a later bar may lack its first
    ([0, 1, 2, 3, 8, 9, 10, 11], [0, 8]),  # a longer bar without base bars
    ([1, 2], []),
    ([3], []),
    ([], []),
]


@pytest.mark.parametrize(("there", "expected"), COMPLETENESS)
def test_only_complete_bars(there: list[int], expected: list[int]) -> None:
    assert hours(resample(candles(there), "4h")) == expected


def test_weeks_begin_on_monday() -> None:
    base = candles(range(-4, 17), "1d")
    longer = resample(base, "1w")
    assert ((longer.time - MONDAY) // DAY).tolist() == [0, 7]
    assert hours(resample(candles(range(-30, 24 * 7)), "1w")) == [0]


def test_days_begin_at_midnight_utc() -> None:
    assert hours(resample(candles(range(5, 72)), "1d")) == [24, 48]


def test_the_same_timeframe_gives_the_same_bars() -> None:
    base = candles([0, 1, 2, 5])
    assert rows_of(resample(base, "1h")) == rows_of(base)


@pytest.mark.parametrize(("base", "target"), [("3m", "5m"), ("2h", "3m"), ("1h", "30m"), ("1w", "1d")])
def test_bars_must_fit(base: str, target: str) -> None:
    with pytest.raises(InputError, match=target):
        resample(candles(range(4), base), target)


def test_the_result_is_marked_like_its_source_and_cannot_be_written_to() -> None:
    base = candles(range(8))
    longer = resample(base, "4h")
    assert (longer.symbol, longer.timeframe, longer.origin, longer.synthetic) == ("T", "4h", "a test", True)
    assert longer.identity == resample(candles(range(8)), "4h").identity
    assert len({longer.identity, base.identity, resample(base, "2h").identity}) == 3
    assert not any(getattr(longer, c).flags.writeable for c in COLUMNS)
    assert longer.time.dtype == np.int64 and all(getattr(longer, c).flags.c_contiguous for c in COLUMNS)


def test_a_bar_with_an_unknown_price_is_unknown() -> None:
    base = candles(range(8))
    high = base.high.copy()
    high[2] = np.nan
    longer = resample(msgspec.structs.replace(base, high=high), "4h")
    assert np.isnan(longer.high).tolist() == [True, False]
    assert not np.isnan(longer.low).any()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    there=st.sets(st.integers(0, 60), max_size=50).map(sorted),
    start=st.integers(0, 400).map(lambda n: MONDAY - n * 15 * MINUTE),
    timeframe=st.sampled_from(["15m", "30m", "1h", "2h", "4h", "12h", "1d", "1w"]),
)
def test_against_the_reference(there: list[int], start: int, timeframe: str) -> None:
    base = candles(there, "15m", start)
    np.testing.assert_allclose(
        np.array(rows_of(resample(base, timeframe))), np.array(reference(base, timeframe)), rtol=1e-12
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(there=st.sets(st.integers(0, 40), min_size=1, max_size=40).map(sorted), cut=st.integers(1, 40))
def test_later_bars_change_nothing(there: list[int], cut: int) -> None:
    base = candles(there)
    full, part = rows_of(resample(base, "4h")), rows_of(resample(base.part(0, cut), "4h"))
    assert part == full[: len(part)]
    now = base.part(0, cut).close_time[-1]
    assert all(time + 4 * HOUR > now for time, *_ in full[len(part) :])
