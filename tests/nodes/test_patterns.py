"""Candlestick patterns on bars drawn by hand, each limit from both sides; every rule holds upside down too."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.candles import Candles
from engine.errors import NodeError
from engine.values import UNKNOWN
from nodes.pattern.engulfing import Engulfing
from nodes.pattern.inside_break import InsideBreak
from nodes.pattern.rejection import Rejection
from nodes.pattern.star import Star
from nodes.pattern.three_bar import ThreeBar
from tests.nodes.bars_by_hand import bars, mirrored, numbers

PATTERNS = [Engulfing, Star, Rejection, InsideBreak, ThreeBar]


def last(node: Any, table: str) -> int:
    """What a pattern says at the last bar; upside down it has to say the opposite, with the same strength."""
    candles = bars(table)
    out, over = node.compute(candles), node.compute(mirrored(candles))
    assert int(over.out[-1]) == -int(out.out[-1])
    np.testing.assert_allclose(over.strength, out.strength, rtol=1e-9)
    return int(out.out[-1])


# --- engulfing -------------------------------------------------------------------------------------------------------
#
#        |             |
#       [ ]           | |      body 104 > 103: covers it
#       [ ] 103..101  | |
#        |            | |
#                      |

ENGULFING = {
    "body around the body before": ("103 104 100 101 \n 101 105.5 100.5 105", 1),
    "opens below, closes above": ("103 104 100 101 \n 100.5 105 100 104.5", 1),
    "same body does not cover": ("103 104 100 101 \n 101 103.5 100.5 103", 0),
    "one tick more covers": ("103 104 100 101 \n 101 103.5 100.5 103.01", 1),
    "opens inside the body": ("103 104 100 101 \n 101.01 105 100.5 104.9", 0),
    "before it is of the same colour": ("101 104 100 103 \n 101 105.5 100.5 105", 0),
    "before it is without a body": ("102 104 100 102 \n 101 105.5 100.5 105", 0),
    "body exactly 0.6 of the range": ("102 104 100 101 \n 101 106 101 104", 0),
    "body just over 0.6 of the range": ("102 104 100 101 \n 101 106 101 104.01", 1),
    "bar without a range": ("103 104 100 101 \n 105 105 105 105", 0),
    "bar before without a range": ("103 103 103 103 \n 101 105.5 100.5 105", 0),
}


@pytest.mark.parametrize("name", ENGULFING)
def test_engulfing(name: str) -> None:
    table, side = ENGULFING[name]
    assert last(Engulfing(), table) == side


def test_engulfing_that_is_not_strict_needs_the_smallest_body_only() -> None:
    """Range 100..110: a body of 3 is exactly 0.3 of it, one of 2.9 is less."""
    loose = Engulfing(strict=False, min_body_ratio=0.3)
    assert last(loose, "103 104 100 102 \n 102 110 100 105") == 1
    assert last(loose, "103 104 100 102 \n 102 110 100 104.9") == 0
    assert last(Engulfing(), "103 104 100 102 \n 102 110 100 105") == 0


def test_engulfing_counts_the_candles_whose_bodies_are_inside() -> None:
    """
    105            |^|
    104 |v|        | |     the body 100..105 holds the bodies 104..103, 102..103, 103..101,
    103 |v||^|  v| | |     not the one before them, which reaches 106
    101       | v| | |
    100            |^|
    """
    table = "106 107 102 103.5 \n 104 104.5 102 103 \n 102 104 101 103 \n 103 104 100.5 101 \n 100 105.2 99.9 105"
    out = Engulfing().compute(bars(table))
    assert out.out.tolist()[1:] == [0, 0, 0, 1]  # the second bar is red, the third too small
    assert out.count.tolist()[1:] == [0, 0, 0, 3]
    np.testing.assert_allclose(out.strength[-1], 5 / 5.3)
    assert Engulfing(max_count=2).compute(bars(table)).count[-1] == 2
    assert Engulfing(min_count=3).compute(bars(table)).out[-1] == 1
    assert Engulfing(min_count=4).compute(bars(table)).out[-1] == 0
    assert Engulfing(min_count=4).compute(bars(table)).strength[-1] == 0


def test_engulfing_more_than_is_looked_at_is_refused() -> None:
    assert (
        Engulfing(min_count=5, max_count=4).check() == "min_count (5) is more than the max_count (4) candles looked at"
    )


# --- star ------------------------------------------------------------------------------------------------------------
#
#   110 | |
#       | |        | |
#   105 | |  level | |   the third closes at the level or beyond it,
#   100 | |        | |   the star's body stays at or below it
#            [ ]   | |
#
STARS = {
    "closes at half of the first body": ("110 110 100 100 \n 100 100.5 98 99 \n 99 105 99 105", 1),
    "closes just below half of it": ("110 110 100 100 \n 100 100.5 98 99 \n 99 105 99 104.99", 0),
    "star of exactly 0.3 of the first": ("110 110 100 100 \n 100 103.5 98 103 \n 99 106 99 106", 1),
    "star of more than 0.3 of it": ("110 110 100 100 \n 100 103.5 98 103.1 \n 99 106 99 106", 0),
    "star of either colour": ("110 110 100 100 \n 99 100.5 98 100 \n 99 106 99 106", 1),
    "star just at the level": ("110 110 100 100 \n 104 105.5 98 105 \n 99 106 99 106", 1),
    "star above the level": ("110 110 100 100 \n 104 105.5 98 105.1 \n 99 106 99 106", 0),
    "first body exactly half of its range": ("110 115 95 100 \n 100 100.5 98 99 \n 99 106 99 106", 1),
    "first body less than half of its range": ("110 115.1 95 100 \n 100 100.5 98 99 \n 99 106 99 106", 0),
    "third body less than half of its range": ("110 110 100 100 \n 100 100.5 98 99 \n 99 113.1 99 106", 0),
    "third of the colour of the first": ("110 110 100 100 \n 100 100.5 98 99 \n 106 106 99 99", 0),
    "star without a range": ("110 110 100 100 \n 99 99 99 99 \n 99 106 99 106", 0),
}


@pytest.mark.parametrize("name", STARS)
def test_star(name: str) -> None:
    table, side = STARS[name]
    assert last(Star(), table) == side


def test_the_strength_of_a_star_is_what_was_taken_back() -> None:
    table = "110 110 100 100 \n 100 100.5 98 99 \n 99 {close} 99 {close}"
    assert Star().compute(bars(table.format(close=107))).strength[-1] == pytest.approx(0.7)
    assert Star().compute(bars(table.format(close=112))).strength[-1] == 1.0


# --- rejection -------------------------------------------------------------------------------------------------------
#
#   110  |        upper shadow   at most 0.2 of the range
#       [ ]       body           at most 0.3 of it, close in the upper 0.4
#        |
#        |        lower shadow   at least twice the body
#   100  |

REJECTIONS = {
    "hammer": ("108 110 100 109", 1),
    "hammer of a red body": ("109 110 100 108", 1),
    "body exactly 0.3 of the range": ("106.8 110 100 109.8", 1),
    "body more than 0.3 of the range": ("106.8 110 100 109.9", 0),
    "lower shadow exactly twice the body": ("106 110 100 109", 1),
    "lower shadow less than twice the body": ("105.9 110 100 109", 0),
    "upper shadow exactly 0.2 of the range": ("107 110 100 108", 1),
    "upper shadow more than 0.2 of it": ("107 110 100 107.9", 0),
    "no body at all": ("109 110 100 109", 1),
    "bar without a range": ("100 100 100 100", 0),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_rejection(name: str) -> None:
    table, side = REJECTIONS[name]
    assert last(Rejection(), table) == side


def test_where_a_hammer_closes() -> None:
    """Shadows of 4 above and 6 below no body: the close is at 106 of 100..110, the upper 0.4 begins there."""
    wide = Rejection(max_other_shadow=0.5)
    assert last(wide, "106 110 100 106") == 1
    assert last(wide, "105.99 110 100 105.99") == 0
    assert last(Rejection(max_other_shadow=0.5, close_within=0.39), "106 110 100 106") == 0


def test_a_bar_that_is_hammer_and_shooting_star_is_none() -> None:
    assert last(Rejection(max_other_shadow=1, close_within=1, min_shadow_ratio=0), "105 110 100 105") == 0


def test_limits_hold_for_prices_in_cents() -> None:
    """0.3 of a range in cents is not 0.3 in binary: the limit itself must count all the same."""
    for price in (0.1, 0.07, 1.1, 61234.7):
        assert last(Rejection(), f"{price + 0.068:.3f} {price + 0.1:.3f} {price:.3f} {price + 0.098:.3f}") == 1


def test_the_strength_of_a_rejection_is_its_shadow() -> None:
    assert Rejection().compute(bars("108 110 100 109")).strength[0] == pytest.approx(0.8)


# --- inside bar and break --------------------------------------------------------------------------------------------
#
#    110 |                     |  111 closes beyond the mother bar
#        |    |           |    |
#        |    |  inside   |    |
#        |    |           |
#    100 |
#
INSIDE = {
    "closes above the mother bar": ("104 110 100 106 \n 105 108 102 106 \n 106 111 105 110.01", 1),
    "closes at its high": ("104 110 100 106 \n 105 108 102 106 \n 106 111 105 110", 0),
    "breaks it with the wick only": ("104 110 100 106 \n 105 108 102 106 \n 106 115 105 109", 0),
    "inside bar touches the high": ("104 110 100 106 \n 105 110 102 106 \n 106 111 105 110.5", 1),
    "bar of the same range is not inside": ("104 110 100 106 \n 105 110 100 106 \n 106 111 105 110.5", 0),
    "bar that looks out is not inside": ("104 110 100 106 \n 105 108 99.9 106 \n 106 111 105 110.5", 0),
    "inside bar without a range": ("104 110 100 106 \n 105 105 105 105 \n 106 111 105 110.5", 0),
}


@pytest.mark.parametrize("name", INSIDE)
def test_inside_break(name: str) -> None:
    table, side = INSIDE[name]
    assert last(InsideBreak(), table) == side


def test_several_inside_bars() -> None:
    """Two bars, each inside the one before: broken with max_inside 2, and not with 1, while the inner one holds."""
    table = "104 110 100 106 \n 105 109 101 106 \n 105 112 102 106 \n 105 111 103 106 \n 106 {} 105 {}"
    above_the_inner_mother = table.format(112, 111.5)
    assert last(InsideBreak(max_inside=2), above_the_inner_mother) == 0  # 102..112 is not inside 101..109
    nested = "104 110 100 106 \n 105 109 101 106 \n 105 108 102 106 \n 106 {} 105 {}"
    assert last(InsideBreak(max_inside=1), nested.format(109.6, 109.5)) == 1  # beyond 109, the bar around the inner one
    assert last(InsideBreak(max_inside=2), nested.format(110.6, 110.5)) == 1
    assert last(InsideBreak(max_inside=2), nested.format(109, 108.5)) == 0


# --- three-bar reversal ----------------------------------------------------------------------------------------------
#
#   110 | |
#       | |   |     | | 110.5 closes above both
#   104 | |   |     | |
#             |
#   100       |
#
THREE = {
    "closes above both": ("109 110 104 105 \n 105 108 102 103 \n 103 111 103 110.01", 1),
    "closes at the high of the first": ("109 110 104 105 \n 105 108 102 103 \n 103 111 103 110", 0),
    "middle without a lower low": ("109 110 104 105 \n 105 108 104 104.5 \n 104 111 104 110.5", 0),
    "middle without a lower high": ("109 110 104 105 \n 105 110 102 103 \n 103 111 103 110.5", 0),
    "first of the other colour": ("105 110 104 109 \n 105 108 102 103 \n 103 111 103 110.5", 0),
    "first body exactly 0.3 of its range": ("106.8 110 104 105 \n 105 108 102 103 \n 103 111 103 110.5", 1),
    "first body less than 0.3 of it": ("106.7 110 104 105 \n 105 108 102 103 \n 103 111 103 110.5", 0),
    "middle without a range": ("109 110 104 105 \n 103 103 103 103 \n 103 111 103 110.5", 0),
}


@pytest.mark.parametrize("name", THREE)
def test_three_bar(name: str) -> None:
    table, side = THREE[name]
    assert last(ThreeBar(), table) == side


def test_three_bars_may_have_to_beat_the_middle_only() -> None:
    table = "109 110 104 105 \n 105 108 102 103 \n 103 109 103 {}"
    assert last(ThreeBar(beyond="middle"), table.format(108.5)) == 1
    assert last(ThreeBar(beyond="middle"), table.format(108)) == 0
    assert last(ThreeBar(), table.format(108.5)) == 0


# --- volume, the unknown, and the bar that counts --------------------------------------------------------------------

COMPLETE = {
    Engulfing: "103 104 100 101 \n 101 105.5 100.5 105",
    Star: "110 110 100 100 \n 100 100.5 98 99 \n 99 106 99 106",
    Rejection: "108 110 100 109",
    InsideBreak: "104 110 100 106 \n 105 108 102 106 \n 106 111 105 110.5",
    ThreeBar: "109 110 104 105 \n 105 108 102 103 \n 103 111 103 110.5",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_counts_on_enough_volume_only(pattern: Any) -> None:
    """At the factor itself it counts; where the ratio is unknown so is the pattern, but no pattern stays none."""
    candles = bars(COMPLETE[pattern])
    for ratio, side in ((1.5, 1), (1.49, 0), (float("nan"), UNKNOWN), (9.0, 1)):
        out = pattern(volume_factor=1.5).compute(candles, np.full(len(candles), ratio))
        assert out.out[-1] == side
        assert (out.strength[-1] > 0) == (side == 1) and np.isnan(out.strength[-1]) == (side == UNKNOWN)
    quiet = bars("100 101 99 100 \n" * 4)
    assert pattern(volume_factor=1.5).compute(quiet, numbers(*[float("nan")] * 4)).out[-1] == 0
    assert pattern().compute(candles, np.zeros(len(candles))).out[-1] == 1  # factor 0: volume does not count


@pytest.mark.parametrize("pattern", PATTERNS)
def test_volume_that_is_asked_for_must_be_connected(pattern: Any) -> None:
    assert pattern(volume_factor=1.5).requires() == ("volume_ratio",)
    assert pattern().requires() == ()
    with pytest.raises(NodeError, match='connect "volume_ratio", or set volume_factor to 0'):
        pattern(volume_factor=1.5).compute(bars(COMPLETE[pattern]))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_told_at_the_bar_that_completes_it_and_at_no_other(pattern: Any) -> None:
    table = COMPLETE[pattern]
    quiet = "105 106 104.9 105.1 \n"
    out = pattern().compute(bars(quiet * 3 + table + "\n" + quiet * 3))
    assert np.flatnonzero(out.out == 1).tolist() == [2 + table.count("\n") + 1]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
def test_an_unknown_price_hides_the_patterns_it_could_be_part_of(pattern: Any, column: str) -> None:
    table = "100 101 99 100 \n" * 3 + COMPLETE[pattern]
    place = ("open", "high", "low", "close").index(column)
    lines = [line.split() for line in table.splitlines()]
    lines[-1][place] = "?"
    out = pattern().compute(bars("\n".join(" ".join(line) for line in lines)))
    assert out.out[-1] == UNKNOWN and np.isnan(out.strength[-1])


# --- against the words of the rules, bar by bar ----------------------------------------------------------------------


def rejection_in_words(o: float, h: float, w: float, c: float) -> int:
    span, body = h - w, abs(c - o)
    if span <= 0 or body > 0.3 * span + 1e-9 * span:
        return 0
    upper, lower = h - max(o, c), min(o, c) - w
    up = lower >= 2 * body - 1e-9 * span and upper <= (0.2 + 1e-9) * span and c >= h - (0.4 + 1e-9) * span
    down = upper >= 2 * body - 1e-9 * span and lower <= (0.2 + 1e-9) * span and c <= w + (0.4 + 1e-9) * span
    return up - down


def engulfing_in_words(candles: Candles, i: int) -> int:
    o, c, a, b = candles.open[i], candles.close[i], candles.open[i - 1], candles.close[i - 1]
    span = candles.high[i] - candles.low[i]
    if candles.high[i - 1] <= candles.low[i - 1] or abs(c - o) <= (0.6 + 1e-9) * span or abs(c - o) <= abs(b - a):
        return 0
    if b < a and c > o and o <= b and c >= a:
        return 1
    return -1 if b > a and c < o and o >= b and c <= a else 0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), min_size=2, max_size=40))
def test_patterns_are_what_the_rules_say(rows: list[tuple[int, ...]]) -> None:
    """Prices on a coarse grid, so that every limit and every tie comes up."""
    table = "\n".join(f"{o + 100} {max(r) + 100} {min(r) + 100} {c + 100}" for r in rows for o, c in [(r[0], r[3])])
    candles = bars(table)
    prices = zip(candles.open, candles.high, candles.low, candles.close, strict=True)
    assert Rejection().compute(candles).out.tolist() == [rejection_in_words(*map(float, p)) for p in prices]
    found = Engulfing().compute(candles).out.tolist()
    assert found == [UNKNOWN, *(engulfing_in_words(candles, i) for i in range(1, len(rows)))]
