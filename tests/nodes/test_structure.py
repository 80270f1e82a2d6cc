"""Pivots, swings, their labels, breaks and trends: pictures small enough to check by eye, and plain loops beside."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.candles import Candles, make_candles
from engine.values import UNKNOWN
from nodes.structure.breaks import BreakPorts, Breaks, BreaksState
from nodes.structure.labels import LabelPorts, LabelsOfSwings
from nodes.structure.pivots import PivotPorts, Pivots
from nodes.structure.swings import SwingPorts, Swings, SwingsState
from nodes.structure.trend import Trend
from tests.nodes.hand_made.structure_pictures import HOUR, draw, path

U = UNKNOWN
NAN = float("nan")


def pivots(candles: Candles, left: int = 1, right: int = 1, **params: Any) -> PivotPorts:
    return Pivots(left=left, right=right, **params).compute(candles)


def swings(candles: Candles, left: int = 1, right: int = 1) -> SwingPorts:
    return Swings().step(SwingsState(), *pivots(candles, left, right))[1]


def labels(candles: Candles) -> LabelPorts:
    return LabelsOfSwings().compute(*swings(candles))


def breaks(candles: Candles) -> BreakPorts:
    s = swings(candles)
    return Breaks().step(BreaksState(), candles, s.high, s.low, s.new_high, s.new_low)[1]


def rows(flag: Any) -> list[int]:
    """Where a flag is true."""
    return np.flatnonzero(np.asarray(flag) == 1).tolist()


# --- pivots ----------------------------------------------------------------------------------------------------------


def test_a_pivot_is_known_only_when_its_right_bars_have_closed() -> None:
    """Bar 2 is the high; with two bars to the right it is said at bar 4, with the price of bar 2."""
    candles = draw("""
        13   -
        12  -|-
        11 -| |-
        10 || ||-
    """)
    found = pivots(candles, 2, 2)
    assert found.high.tolist() == [U, U, U, U, 1, 0]
    assert found.high_price[4] == 13
    assert rows(pivots(candles, 2, 1).high) == [3]
    assert rows(found.low) == []


def test_a_low_is_a_high_upside_down() -> None:
    candles = draw("""
        13 || ||-
        12 -| |-
        11  -|-
        10   -
    """)
    assert rows(pivots(candles, 2, 2).low) == [4]
    assert pivots(candles, 2, 2).low_price[4] == 10
    assert rows(pivots(candles, 2, 2).high) == []


def test_of_equal_bars_the_earliest_is_the_pivot() -> None:
    """Bars 1 to 3 reach 12: bar 1 is higher than all before it and as high as all after it, 2 and 3 are not."""
    candles = draw("""
        12  ---
        11 -|||-
        10 |||||
    """)
    assert rows(pivots(candles, 1, 1).high) == [2]
    assert rows(pivots(candles, 1, 3).high) == [4]


def test_a_flat_market_has_no_pivots() -> None:
    candles = draw("""
        12 |||||
        11 -----
        10 |||||
    """)
    found = pivots(candles)
    assert rows(found.high) == rows(found.low) == []


def test_wicks_and_bodies_turn_at_different_bars() -> None:
    """The long wick of bar 1 is no turn of the bodies, of which bar 3 has the highest."""
    candles = draw("""
        14  |
        13  | O
        12  |OO#
        11 O-OO##
        10 O|   #
    """)
    assert rows(pivots(candles).high) == [2, 4]
    body = pivots(candles, basis="body")
    assert rows(body.high) == [4]
    assert body.high_price[1:].tolist() == [11, 11, 12, 13, 12]


def test_both_sides_may_need_different_numbers_of_bars() -> None:
    """Bar 4 is higher than the three before it, but of those after it only than the first."""
    candles = draw("""
        14       -
        13     |
        12    --
        11   -  -
        10 --
    """)
    assert rows(pivots(candles, 3, 1).high) == [5]
    assert rows(pivots(candles, 3, 2).high) == []


def test_a_bar_may_be_both() -> None:
    candles = draw("""
        13  |
        12 |||
        11 ---
        10 |||
         9  |
    """)
    found = pivots(candles)
    assert rows(found.high) == rows(found.low) == [2]


def test_an_unknown_bar_hides_the_pivots_it_could_change() -> None:
    found = pivots(path(10, 11, 12, 11, 10, 9, NAN, 9, 12, 9, 8))
    assert found.high.tolist() == [U, U, 0, 1, 0, 0, U, U, U, 1, 0]
    assert np.isnan(found.high_price[7])


# --- swings ----------------------------------------------------------------------------------------------------------


def test_of_two_highs_in_a_row_the_higher_one_is_the_swing_from_its_confirmation_on() -> None:
    """High 14 at bar 2, known at 3, and high 15 at bar 6, known at 7; the lows between them are left out."""
    candles = draw("""
        15       -
        14   -  - -
        13  - --
        12 -
    """)
    ports = pivots(candles)._replace(low=np.zeros(8, np.int8))
    assert rows(ports.high) == [3, 7]
    found = Swings().step(SwingsState(), *ports)[1]
    np.testing.assert_array_equal(found.high[2:], [NAN, 14, 14, 14, 14, 15])
    assert np.isnan(found.previous_high).all(), "it took the place of the first, which is not the one before"
    assert rows(found.new_high) == [3, 7]


def test_a_less_extreme_pivot_of_the_same_side_is_no_swing() -> None:
    high = np.array([1, 0, 1, 1], np.int8)
    price = np.array([15.0, 0, 14, 15])
    found = Swings().step(SwingsState(), high, np.zeros(4, np.int8), price, price)[1]
    assert found.high.tolist() == [15, 15, 15, 15]
    assert found.new_high.tolist() == [1, 0, 0, 0]


def test_swings_take_turns_and_remember_the_one_before() -> None:
    """High 13, low 10, high 14, each known one bar after it."""
    candles = draw("""
        14      -
        13  -    -
        12 - - -
        11
        10    -
    """)
    found = swings(candles)
    assert [(i, found.high[i]) for i in rows(found.new_high)] == [(2, 13), (6, 14)]
    assert [(i, found.low[i]) for i in rows(found.new_low)] == [(4, 10)]
    assert found.previous_high[6] == 13
    assert found.newest.tolist() == [U, U, 1, 1, -1, -1, 1]


def test_a_bar_that_is_high_and_low_takes_the_side_that_is_due_first() -> None:
    """After a high its low comes first and its high then follows; at the very beginning the high is first."""
    both, price = np.array([1, 1], np.int8), np.array([20.0, 21.0])
    found = Swings().step(SwingsState(), both, both, price, price - 10)[1]
    assert found.newest.tolist() == [-1, -1], "high, low, then high, low"
    assert found.high.tolist() == [20, 21] and found.low.tolist() == [10, 11]
    state = SwingsState(newest=1.0, high=19.0)
    after_high = Swings().step(state, both[:1], both[:1], price[:1], price[:1] - 10)[1]
    assert after_high.newest.tolist() == [1] and after_high.previous_high.tolist() == [19]


# --- labels ----------------------------------------------------------------------------------------------------------


def test_a_higher_high() -> None:
    candles = draw("""
        14     -
        13  -   -
        12 -  -
        11   -
    """)
    found = labels(candles)
    assert [found.out.at(i) for i in range(6)] == [None, None, None, None, None, "HH"]
    assert rows(found.higher_high) == [5]
    assert rows(found.lower_high) == []


def test_a_lower_high() -> None:
    candles = draw("""
        14  -
        13     -
        12 -  - -
        11   -
    """)
    found = labels(candles)
    assert found.out.at(5) == found.of_high.at(5) == "LH"
    assert rows(found.lower_high) == [5]
    assert rows(found.higher_high) == []


def test_an_equal_high_is_not_higher() -> None:
    candles = draw("""
        13  -  -
        12 -  - -
        11   -
    """)
    found = labels(candles)
    assert found.out.at(5) == "LH"
    assert rows(found.higher_high) == []


def test_a_higher_low() -> None:
    candles = draw("""
        14    -
        13 - -  -
        12     -
        11  -
    """)
    found = labels(candles)
    assert found.out.at(5) == found.of_low.at(5) == "HL"
    assert found.of_high.at(5) is None, "there was one high only"
    assert rows(found.higher_low) == [5]
    assert rows(found.lower_low) == []


def test_a_lower_low() -> None:
    candles = draw("""
        14    -
        13 - -
        12      -
        11  -
        10     -
    """)
    found = labels(candles)
    assert found.out.at(5) == "LL"
    assert rows(found.lower_low) == [5]


def test_there_is_no_name_before_the_second_swing_of_a_side() -> None:
    candles = draw("""
        14  -
        13 -|-
        12 |||
    """)
    found = labels(candles)
    assert found.out.at(2) is None
    assert found.higher_high.tolist() == [U, U, U]


# --- breaks ----------------------------------------------------------------------------------------------------------


def test_a_wick_beyond_the_swing_breaks_nothing_and_a_close_does() -> None:
    """Swing high 13 at bar 1, swing low 10 at bar 3; bar 5 has its wick at 14, bar 6 its close at 15."""
    candles = draw("""
        15       O
        14      |O
        13  O   |O
        12 OO#  OO
        11 O ##OO
        10    #O
    """)
    s = swings(candles)
    assert (s.high[4], s.low[4]) == (13, 10)
    found = breaks(candles)
    assert rows(found.bos_up) == [6]
    assert found.direction.tolist() == [U, U, U, U, U, U, 1]


def test_a_close_at_the_swing_does_not_break_it() -> None:
    candles = draw("""
        13  O    O
        12 OO#  OO
        11 O ##OO
        10    #O
    """)
    assert breaks(candles).bos_up.tolist() == [U, U, U, U, 0, 0, 0]


def test_a_close_below_the_last_low_changes_the_character() -> None:
    """Up through 13 at bar 5; then the swing low 12 of bar 8, known at 9, is closed through at bar 11."""
    candles = draw("""
        15       O#
        14      OO## O
        13  O   O  #OO#
        12 OO#  O  #O #
        11 O ##OO     ##
        10    #O       #
         9             #
    """)
    found = breaks(candles)
    assert rows(found.bos_up) == [5]
    assert rows(found.choch_down) == [11]
    assert rows(found.bos_down) == rows(found.choch_up) == []
    assert found.direction.tolist()[4:] == [U, 1, 1, 1, 1, 1, 1, -1, -1]


def test_a_swing_is_broken_once() -> None:
    """The closes of bars 6 and 7 lie beyond 13 too and say nothing new."""
    candles = draw("""
        15       O#
        14      OO##
        13  O   O  #
        12 OO#  O
        11 O ##OO
        10    #O
    """)
    assert rows(breaks(candles).bos_up) == [5]


def step_breaks(close: list[float], high: list[float], low: list[float], new_high: list[int]) -> BreakPorts:
    n, candles = len(close), path(*close)
    flags = np.array(new_high, np.int8)
    return Breaks().step(BreaksState(), candles, np.array(high), np.array(low), flags, np.zeros(n, np.int8))[1]


def test_a_new_swing_at_the_same_price_can_be_broken_again() -> None:
    found = step_breaks([9, 11, 9, 11, 9, 11], [10] * 6, [5] * 6, [1, 0, 0, 0, 1, 0])
    assert rows(found.bos_up) == [1, 5]


def test_breaks_are_unknown_without_swings_on_both_sides() -> None:
    found = step_breaks([9, 11, 11], [10, 10, 10], [NAN, NAN, 5], [1, 0, 0])
    assert found.bos_up.tolist() == [U, U, 1]


# --- trend -----------------------------------------------------------------------------------------------------------

TRENDS = [
    # previous high, high, previous low, low, direction
    (13, 14, 10, 11, 1),
    (14, 13, 11, 10, -1),
    (13, 14, 11, 10, 0),  # wider on both sides
    (14, 13, 10, 11, 0),  # narrower on both sides
    (13, 13, 10, 11, 0),  # an equal high does not rise
    (13, 14, NAN, 11, U),
]


@pytest.mark.parametrize(("before", "high", "low_before", "low", "direction"), TRENDS)
def test_a_trend_needs_highs_and_lows_that_agree(
    before: float, high: float, low_before: float, low: float, direction: int
) -> None:
    columns = [np.array([float(x)]) for x in (high, before, low, low_before)]
    assert Trend().compute(*columns).tolist() == [direction]
    abstains = U if direction == 0 else direction
    assert Trend(in_range="unknown").compute(*columns).tolist() == [abstains]


# --- the same by plain loops -----------------------------------------------------------------------------------------


def naive_pivots(top: list[float], left: int, right: int) -> list[int]:
    """For each bar whether the bar `right` before it is the earliest highest of its window."""
    out = []
    for t in range(len(top)):
        c = t - right
        if c - left < 0:
            out.append(U)
            continue
        before, after = top[c - left : c], top[c + 1 : c + 1 + right]
        if any(x != x for x in [*before, top[c], *after]):
            out.append(U)
        else:
            out.append(int(all(top[c] > x for x in before) and all(top[c] >= x for x in after)))
    return out


def naive_swings(ports: PivotPorts) -> list[tuple[float, float, float, float]]:
    """(high, previous high, low, previous low) at each bar, from a list of all swings."""
    chain: list[tuple[int, float]] = []
    out = []
    for is_high, is_low, hp, lp in zip(*ports, strict=True):
        due = [-1, 1] if chain and chain[-1][0] == 1 else [1, -1]
        for side in due:
            if (is_high if side == 1 else is_low) != 1:
                continue
            price = hp if side == 1 else lp
            if chain and chain[-1][0] == side:
                if side * price > side * chain[-1][1]:
                    chain[-1] = (side, price)
            else:
                chain.append((side, price))
        highs, lows = ([p for s, p in chain if s == side] for side in (1, -1))
        last = [(x[-1:] or [NAN])[0] for x in (highs, highs[:-1], lows, lows[:-1])]
        unknown = UNKNOWN in (is_high, is_low)
        out.append(tuple([NAN] * 4 if unknown else last))
    return out


bars = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.booleans()), min_size=1, max_size=60)


def candles_of(shape: list[tuple[int, int, bool]]) -> Candles:
    low = np.array([float(b) for b, _, _ in shape])
    high = low + np.array([float(h) for _, h, _ in shape])
    up = np.array([u for _, _, u in shape])
    opened, close = np.where(up, low, high), np.where(up, high, low)
    return make_candles(
        "T", "1h", time=HOUR * np.arange(len(low)), open=opened, high=high, low=low, close=close, volume=low
    )


@settings(max_examples=150, deadline=None)
@given(bars, st.integers(1, 12), st.integers(1, 12))
def test_pivots_are_those_of_a_plain_loop(shape: list[tuple[int, int, bool]], left: int, right: int) -> None:
    candles = candles_of(shape)
    found = pivots(candles, left, right)
    assert found.high.tolist() == naive_pivots(candles.high.tolist(), left, right)
    assert found.low.tolist() == naive_pivots((-candles.low).tolist(), left, right)


@settings(max_examples=150, deadline=None)
@given(bars, st.integers(1, 3), st.integers(1, 3))
def test_swings_are_those_of_a_plain_loop(shape: list[tuple[int, int, bool]], left: int, right: int) -> None:
    ports = pivots(candles_of(shape), left, right)
    found = Swings().step(SwingsState(), *ports)[1]
    np.testing.assert_array_equal(np.stack(found[:4], axis=1), np.array(naive_swings(ports)))
