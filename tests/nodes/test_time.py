"""Joining clocks, sessions and weekdays."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.align import asof_close
from engine.candles import Candles, make_candles
from engine.timeframe import HOUR, MINUTE
from engine.values import UNKNOWN
from nodes.time.align import Align
from nodes.time.align_flag import AlignFlag
from nodes.time.resample import Resample
from nodes.time.session import Session
from nodes.time.weekday import DAYS, Weekday

MONDAY = 1_704_067_200_000  # 2024-01-01
NAN = float("nan")


def candles(opens: Any, timeframe: str = "1h") -> Candles:
    time = np.asarray(opens, np.int64)
    price = np.arange(len(time), dtype=float) + 100
    return make_candles("T", timeframe, time=time, open=price, high=price, low=price, close=price, volume=price)


def test_a_bar_of_the_higher_timeframe_is_known_at_the_bar_that_closes_with_it() -> None:
    base = candles(MONDAY + HOUR * np.arange(9))
    source = np.array([10.0, 20.0])  # bars 00-04 and 04-08
    closes = MONDAY + 4 * HOUR * np.array([1, 2])
    out = Align().compute(source, base, closes, base.close_time)
    np.testing.assert_array_equal(out, [NAN, NAN, NAN, 10, 10, 10, 10, 20, 20])


def test_a_bar_that_closes_a_millisecond_later_is_not_known() -> None:
    assert asof_close(np.array([1000]), np.array([999, 1000, 1001])).tolist() == [-1, 0, 0]


def test_a_faster_clock_is_joined_by_its_latest_closed_bar() -> None:
    base = candles(MONDAY + HOUR * np.arange(2))
    closes = MONDAY + 15 * MINUTE * np.arange(1, 9)
    out = Align().compute(np.array(range(8), float), base, closes, base.close_time)
    assert out.tolist() == [3, 7]


def test_flags_are_joined_alike_and_unknown_stays_unknown() -> None:
    base = candles(MONDAY + HOUR * np.arange(4))
    closes = MONDAY + 2 * HOUR * np.array([1, 2])
    out = AlignFlag().compute(np.array([1, UNKNOWN], np.int8), base, closes, base.close_time)
    assert out.tolist() == [UNKNOWN, 1, 1, UNKNOWN]
    assert out.dtype == np.int8


def test_without_source_bars_nothing_is_known() -> None:
    base = candles(MONDAY + HOUR * np.arange(2))
    none = np.empty(0, np.int64)
    assert np.isnan(Align().compute(np.empty(0), base, none, base.close_time)).all()
    assert AlignFlag().compute(np.empty(0, np.int8), base, none, base.close_time).tolist() == [UNKNOWN] * 2


instants = st.lists(st.integers(0, 60), max_size=25).map(lambda x: np.array(sorted(x), np.int64))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(source=instants, target=instants)
def test_the_join_never_looks_ahead_and_takes_the_latest(source: Any, target: Any) -> None:
    found = asof_close(source, target)
    assert len(found) == len(target)
    for at, close in zip(found, target, strict=True):
        known = [i for i, s in enumerate(source) if s <= close]
        assert at == (known[-1] if known else -1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cut=st.integers(1, 48), source_hours=st.sampled_from([1, 2, 4, 6, 12]))
def test_later_source_bars_change_nothing(cut: int, source_hours: int) -> None:
    base = candles(MONDAY + HOUR * np.arange(48))
    closes = MONDAY + source_hours * HOUR * np.arange(1, 48 // source_hours + 1)
    values = np.random.default_rng(0).random(len(closes))
    full = Align().compute(values, base, closes, base.close_time)
    known = closes <= base.close_time[cut - 1]
    part = Align().compute(values[known], base.part(0, cut), closes[known], base.close_time[:cut])
    np.testing.assert_array_equal(part, full[:cut])


SESSIONS = [
    # start, end, hours of closing instants inside
    (8 * 60, 16 * 60, range(8, 16)),
    (22 * 60, 2 * 60, [22, 23, 0, 1]),
    (0, 1440, range(24)),
    (22 * 60, 1440, [22, 23]),
    (22 * 60, 0, [22, 23]),
    (0, 60, [0]),
    (8 * 60 + 1, 9 * 60 + 1, [9]),
]


@pytest.mark.parametrize(("start", "end", "inside"), SESSIONS)
def test_sessions_hold_their_start_but_not_their_end(start: int, end: int, inside: Any) -> None:
    base = candles(MONDAY - HOUR + HOUR * np.arange(48))  # the first bar closes on Monday 00:00
    out = Session(start=start, end=end).compute(base, base.close_time)
    assert out.tolist() == [int(h % 24 in inside) for h in range(48)]
    assert out.dtype == np.int8


def test_a_session_must_not_be_empty() -> None:
    assert Session(start=60, end=60).check() is not None
    assert Session(start=0, end=1440).check() is None


@pytest.mark.parametrize("day", range(7))
def test_weekdays_are_those_of_the_closing_instant(day: int) -> None:
    base = candles(MONDAY - HOUR + HOUR * np.arange(24 * 14))
    out = Weekday(days=(DAYS[day],)).compute(base, base.close_time)  # type: ignore[arg-type]
    assert out.tolist() == [int(h // 24 % 7 == day) for h in range(24 * 14)]


def test_a_weekday_is_named_once() -> None:
    assert Weekday(days=("mon", "mon")).check() is not None
    assert Weekday().compute(candles([]), np.empty(0, np.int64)).tolist() == []


def test_resample_says_how_many_base_bars_it_needs() -> None:
    node = Resample(timeframe="4h")
    assert node.lookback_from(HOUR) == 7
    assert node.lookback() == 479
    for stop in range(8, 30):
        base = candles(MONDAY + HOUR * np.arange(stop))
        last = node.compute(base.part(stop - 7, stop)).candles
        assert last.time[-1] == node.compute(base).candles.time[-1]
