"""Volume, its profile, levels, swings as pools of orders, and how bars react to them; by hand or retold naively."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.candles import Candles
from engine.timeframe import HOUR
from engine.values import UNKNOWN, Zones, make_zones
from nodes.liquidity.equal import Equal, EqualPorts, EqualState
from nodes.liquidity.levels import Levels
from nodes.liquidity.reaction import Reaction
from nodes.liquidity.swings import Swings, SwingsState
from nodes.liquidity.value_area import ValueArea, ValueAreaState
from nodes.structure.pivots import Pivots
from nodes.volume.profile import Profile
from nodes.volume.ratio import Ratio
from tests.nodes.bars_by_hand import MONDAY, bars, mirrored, numbers, said

NAN = float("nan")


# --- volume ----------------------------------------------------------------------------------------------------------


def test_volume_ratio_leaves_its_own_bar_out() -> None:
    """Volumes 10 20 30 60: the last against the mean 20 of the three before it is 3, not 60 / 30."""
    candles = bars("\n".join(f"1 1 1 1 {v}" for v in (10, 20, 30, 60, 60)))
    np.testing.assert_allclose(Ratio(length=3).compute(candles), [NAN, NAN, NAN, 3.0, 60 / (110 / 3)])


def test_volume_ratio_is_unknown_after_nothing_was_traded_or_known() -> None:
    candles = bars("\n".join(f"1 1 1 1 {v}" for v in ("0", "0", "5", "?", "5", "5", "5")))
    np.testing.assert_array_equal(Ratio(length=2).compute(candles), [NAN, NAN, NAN, NAN, NAN, NAN, 1.0])


# --- profile ---------------------------------------------------------------------------------------------------------


def test_profile_of_four_bars() -> None:
    """Four bars over 100..108, in 8 bins of 1; volume per bin, 52 in all, of which 70 % are 36.4:

    105..107 #         2 each
    104      ######   12      grows second, 16 + 12 = 28
    103      ######## 16      point of control 103.5
    102      ###       6      grows third, 34
    101      ###       6      grows fourth, 40: enough, the area is 101..105
    100      ###       6
    """
    candles = bars("100 108 100 108 16 \n 103 105 103 104 20 \n 101 104 101 104 12 \n 100 101 100 100 4")
    out = Profile(length=4, bins=8, share=0.7).compute(candles)
    assert (out.poc[-1], out.value_low[-1], out.value_high[-1]) == (103.5, 101.0, 105.0)
    assert np.isnan(out.poc[:-1]).all()


def test_profile_of_one_price_is_that_price() -> None:
    out = Profile(length=2, bins=8).compute(bars("100 100 100 100 5 \n" * 3))
    assert out.poc.tolist()[1:] == out.value_low.tolist()[1:] == out.value_high.tolist()[1:] == [100.0, 100.0]


def test_profile_is_unknown_where_nothing_was_traded_or_a_bar_is_unknown() -> None:
    out = Profile(length=2, bins=8).compute(
        bars("1 2 1 2 0 \n 1 2 1 2 0 \n 1 2 1 2 3 \n 1 2 1 2 ? \n 1 2 1 2 3 \n 1 2 1 2 3")
    )
    assert (~np.isnan(out.poc)).tolist() == [False, False, True, False, False, True]


def naive_profile(candles: Candles, length: int, bins: int, share: float) -> list[tuple[float, float, float]]:
    """Every window read afresh, bin by bin, as the node's text says."""
    out = []
    for i in range(len(candles)):
        high, low, volume = (c[i - length + 1 : i + 1] for c in (candles.high, candles.low, candles.volume))
        if i < length - 1 or not volume.sum() > 0:
            out.append((NAN, NAN, NAN))
            continue
        top, bottom = high.max(), low.min()
        if top == bottom:
            out.append((top, top, top))
            continue
        width = 2.0 ** np.ceil(np.log2((top - bottom) / bins))
        first, last = int(bottom // width), int(top // width)
        edges = np.arange(first, last + 2) * width
        held = np.zeros(last - first + 1)
        for h, w, v in zip(high, low, volume, strict=True):
            if h // width == w // width:
                held[int(h // width) - first] += v
            else:
                held += v * np.clip(np.minimum(h, edges[1:]) - np.maximum(w, edges[:-1]), 0, None) / (h - w)
        out.append(naive_area(held, edges, share, bottom, top))
    return out


def naive_area(held: Any, edges: Any, share: float, bottom: float, top: float) -> tuple[float, float, float]:
    poc = low = high = int(np.flatnonzero(held >= held.max() * (1 - 1e-9))[0])
    while held[low : high + 1].sum() < share * held.sum() * (1 - 1e-9):
        above = held[high + 1] if high + 1 < len(held) else -1.0
        below = held[low - 1] if low > 0 else -1.0
        if above >= below * (1 - 1e-9) and above >= 0:
            high += 1
        else:
            low -= 1
    middle = min(max((edges[poc] + edges[poc + 1]) / 2, bottom), top)
    return middle, min(edges[high + 1], top), max(edges[low], bottom)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.integers(0, 20)), min_size=1, max_size=60),
    length=st.integers(1, 12),
    bins=st.integers(4, 20),
    share=st.sampled_from([0.1, 0.5, 0.7, 1.0]),
)
def test_profile_equals_windows_read_afresh(rows: list[Any], length: int, bins: int, share: float) -> None:
    candles = bars("\n".join(f"{p + 50} {p + s + 50} {p + 50} {p + 50} {v}" for p, s, v in rows))
    out = Profile(length=length, bins=bins, share=share).compute(candles)
    np.testing.assert_allclose(np.array(out).T, naive_profile(candles, length, bins, share), rtol=1e-12)


# --- levels ----------------------------------------------------------------------------------------------------------
#
#   100 | | | low of the last three  ----  |     |
#                                          | 101 | 100.5    closes above it: turned away
#                                     99  |

LEVELS = {
    "goes through the low and closes above": ("100.5 101 99 100.5", 1),
    "comes to the low exactly": ("101 102 100 101", 1),
    "does not come to it": ("101 102 100.01 101", 0),
    "closes at it": ("101 102 99 100", 0),
    "closes below it": ("101 102 98 99", 0),
    "turned away at both ends": ("105 111 99 105", 0),
}


@pytest.mark.parametrize("name", LEVELS)
def test_levels_are_of_the_bars_before(name: str) -> None:
    line, side = LEVELS[name]
    candles = bars("105 110 100 105 \n 105 109 101 105 \n 105 110 100 105 \n" + line)
    out, over = Levels(length=3).compute(candles), Levels(length=3).compute(mirrored(candles))
    assert (out.high[-1], out.low[-1], out.at[-1]) == (110.0, 100.0, side)
    assert over.at[-1] == -side
    assert out.at[:3].tolist() == [UNKNOWN] * 3


def test_a_level_may_be_reached_nearly() -> None:
    candles = bars("105 110 100 105 \n 105 107 101 105")
    assert Levels(length=1, tolerance=1.0).compute(candles).at[-1] == 1
    assert Levels(length=1, tolerance=0.99).compute(candles).at[-1] == 0


# --- swings ----------------------------------------------------------------------------------------------------------


def run(node: Any, state: Any, candles: Candles, swings: Any) -> Any:
    return node.step(state, candles, swings.high, swings.low, swings.high_price, swings.low_price)[1]


def areas(zones: Zones, row: int, *kinds: int) -> list[tuple[float, float, int, int]]:
    return [(z.low, z.high, z.kind, z.touches) for z in zones.at(row) if not kinds or z.kind in kinds]


def test_a_swing_low_is_an_area_from_its_confirmation_until_a_close_below() -> None:
    """
    Row  0   1   2   3   4   5   6   7   8
    104  |           |   |       |
    102  |   |   |   |   |   |   |   |       the low 100 of row 2 is confirmed at row 4 (two bars after it);
    100      | [100] |       |   |   |       row 5 visits it (99.5, closes 101), row 7 again, row 8 closes below
     99                      |       |   |
    """
    candles = bars(
        "104 104 102 103 \n 102 103 101 102 \n 101 102 100 101 \n 102 104 101 103 \n 103 104 102 103 \n"
        "102 102 99.5 101 \n 102 104 101 103 \n 101 102 99 101 \n 100 101 98 99.9"
    )
    swings = Pivots(left=2, right=2).compute(candles)
    zones = run(Swings(width=0.5), SwingsState(), candles, swings)
    support = [areas(zones, row, 1) for row in range(9)]
    deep = pytest.approx(100.5)
    assert support == [[]] * 4 + [[(100.0, deep, 1, n)] for n in (1, 2, 2, 3)] + [[]]
    assert {z.born for row in range(4, 8) for z in zones.at(row) if z.kind == 1} == {MONDAY + 5 * HOUR}
    over = run(Swings(width=0.5), SwingsState(), mirrored(candles), Pivots(left=2, right=2).compute(mirrored(candles)))
    assert areas(over, 4, -1) == [(pytest.approx(99.5), 100.0, -1, 1)]
    assert [len(areas(over, row, -1)) for row in range(9)] == [len(x) for x in support]


def swing(rows: int, *lows: tuple[int, float]) -> tuple[Any, Any, Any, Any]:
    """Swing lows at (row of the confirmation, price) and no highs, as `Swings.step` takes them."""
    found, price = np.zeros(rows, np.int8), np.full(rows, 500.0)
    for row, at in lows:
        found[row], price[row] = 1, at
    return said(*[0] * rows), found, np.full(rows, 500.0), price


def test_an_area_is_taken_by_a_wick_if_told_so_ends_by_age_and_gives_way_to_younger_ones() -> None:
    quiet = bars("110 111 109 110 \n" * 6)
    one = swing(6, (1, 100.0))
    _, zones = Swings(width=0, max_age=2).step(SwingsState(), quiet, *one)
    assert [len(zones.at(r)) for r in range(6)] == [0, 1, 1, 1, 0, 0]
    wick = bars("110 111 109 110 \n" * 2 + "110 111 99 110 \n" + "110 111 109 110 \n" * 3)
    by_wick = Swings(width=0, taken_by="wick").step(SwingsState(), wick, *one)[1]
    assert [len(by_wick.at(r)) for r in range(6)] == [0, 1, 0, 0, 0, 0]
    assert len(Swings(width=0).step(SwingsState(), wick, *one)[1].at(5)) == 1
    three = swing(6, (1, 100.0), (2, 101.0), (3, 102.0))
    _, kept = Swings(width=0, keep=2).step(SwingsState(), quiet, *three)
    assert [[z.low for z in kept.at(r)] for r in (1, 2, 3)] == [[100.0], [100.0, 101.0], [101.0, 102.0]]


# --- equal highs and lows --------------------------------------------------------------------------------------------
#
#   row    1       2        3        4
#          100    100.1    100.3    100.05       tolerance 0.1 %: 100 and 100.1 are equal, 100.3 is not; 100.05 is
#


def equal(tolerance: float, rows: int, *lows: tuple[int, float]) -> EqualPorts:
    candles = bars("110 111 109 110 \n" * rows)
    return Equal(tolerance=tolerance).step(EqualState(), candles, *swing(rows, *lows))[1]


def test_equal_lows() -> None:
    out = equal(0.1, 6, (1, 100.0), (2, 100.1), (3, 100.3), (4, 100.05))
    assert out.lows.tolist() == [0, 0, 1, 0, 1, 0]
    assert out.highs.tolist() == [0] * 6
    assert areas(out.zones, 1) == []  # a single swing is not equal to anything
    assert areas(out.zones, 2) == areas(out.zones, 3) == [(100.0, 100.1, 1, 2)]
    assert areas(out.zones, 5) == [(100.0, 100.1, 1, 3)]
    assert out.zones.at(5)[0].born == MONDAY + 3 * HOUR


def test_equal_lows_at_the_tolerance_and_beyond() -> None:
    assert equal(0.1, 4, (1, 100.0), (2, 100.1)).lows[2] == 1
    assert equal(0.1, 4, (1, 100.0), (2, 100.11)).lows[2] == 0
    assert equal(0.0, 4, (1, 100.0), (2, 100.0)).lows[2] == 1


def test_an_area_of_equal_lows_never_grows_wider_than_the_tolerance() -> None:
    """100, 100.08, 100.16: each within 0.1 % of the one before, but not all within it."""
    out = equal(0.1, 5, (1, 100.0), (2, 100.08), (3, 100.16))
    assert out.lows.tolist() == [0, 0, 1, 0, 0]


def test_a_swing_that_was_taken_is_equal_to_none() -> None:
    candles = bars("110 111 109 110 \n" * 2 + "110 111 98 99 \n" + "110 111 109 110 \n" * 2)
    _, out = Equal().step(EqualState(), candles, *swing(5, (1, 100.0), (4, 100.0)))
    assert out.lows.tolist() == [0, 0, 0, 0, 0]


# --- value area ------------------------------------------------------------------------------------------------------


def test_value_areas_begin_anew_whenever_they_move() -> None:
    candles = bars("1 1 1 1 \n" * 5)
    low, high, poc = numbers(NAN, 10, 10, 11, NAN), numbers(NAN, 20, 20, 20, 20), numbers(NAN, 15, 15, 15, 15)
    state, zones = ValueArea().step(ValueAreaState(), candles, low, high, poc)
    assert areas(zones, 0) == areas(zones, 4) == []
    assert areas(zones, 1) == areas(zones, 2) == [(10.0, 20.0, 0, 0), (15.0, 15.0, 0, 0)]
    assert areas(zones, 3) == [(11.0, 20.0, 0, 0), (15.0, 15.0, 0, 0)]
    assert [z.born for z in zones.at(2)] == [MONDAY + 2 * HOUR] * 2
    assert [z.score for z in zones.at(2)] == [1.0, 2.0]
    assert state == ValueAreaState()


# --- reaction --------------------------------------------------------------------------------------------------------
#
#   103 |      |
#   102 |      | 102.5   closes out of the area again: held up
#   101 ==============   an area 100..101
#   100 ==============
#        before   now

REACTIONS = {
    "dips in and closes above": (1, "102 103 100.5 102", 1),
    "comes to its upper end": (1, "102 103 101 102", 1),
    "does not come to it": (1, "102 103 101.01 102", 0),
    "closes at its upper end": (1, "102 103 100.5 101", 0),
    "closes inside": (1, "102 103 100.5 100.8", 0),
    "goes through and closes above": (1, "102 103 98 101.5", 1),
    "a resistance holds nothing up": (-1, "102 103 100.5 102", 0),
    "a resistance turns it down": (-1, "99 100.5 98 99", -1),
    "either kind holds up what comes from above": (0, "102 103 100.5 102", 1),
    "either kind turns down nothing from above": (0, "99 100.5 98 99", 0),
}


def area(kind: int, since: int, until: int, rows: int) -> Zones:
    one = [np.array([x]) for x in (since, until, 100.0, 101.0, kind, 1, 1.0, 0)]
    return make_zones(rows, *one)


@pytest.mark.parametrize("name", REACTIONS)
def test_reaction(name: str) -> None:
    kind, line, side = REACTIONS[name]
    candles = bars("105 106 104 105 \n" + line)
    out = Reaction().compute(candles, area(kind, 0, 2, 2))
    assert (out.out[-1], out.areas[-1]) == (side, float(side != 0))
    assert out.out[0] == UNKNOWN


def test_an_area_of_either_kind_turns_what_comes_to_it_and_not_what_leaves_it() -> None:
    """From below it is turned down, from above held up; a break-out from inside is neither."""
    for before, line, side in ((99, "99 100.5 98 99", -1), (99, "99 103 99 102", 0), (100.5, "100.5 103 100 102", 0)):
        candles = bars(f"{before} {before} {before} {before} \n {line}")
        assert Reaction().compute(candles, area(0, 0, 2, 2)).out[-1] == side
        assert Reaction().compute(candles, area(1, 0, 2, 2)).out[-1] == (1 if side == 0 else 0)


def test_a_bar_reacts_to_areas_known_before_it_only() -> None:
    """An area that begins at the bar itself does not count; one that the bar ends does, it was there before."""
    candles = bars("105 106 104 105 \n 102 103 100.5 102 \n 102 103 100.5 102")
    assert Reaction().compute(candles, area(1, 1, 3, 3)).out.tolist() == [UNKNOWN, 0, 1]
    assert Reaction().compute(candles, area(1, 0, 1, 3)).out.tolist() == [UNKNOWN, 1, 0]


def test_more_areas_on_one_side_win() -> None:
    candles = bars("105 106 104 105 \n 102 103 100.5 102")
    down = make_zones(2, *[np.array([x]) for x in (0, 2, 102.5, 103.0, -1, 1, 1.0, 0)])
    both = Reaction().compute(candles, area(1, 0, 2, 2), down)
    assert (both.out[-1], both.areas[-1]) == (0, 0.0)
    more = Reaction().compute(candles, area(1, 0, 2, 2), down, area(0, 0, 2, 2))
    assert (more.out[-1], more.areas[-1]) == (1, 2.0)


def test_a_reaction_may_be_near() -> None:
    candles = bars("105 106 104 105 \n 102 103 101.1 102")
    assert Reaction(tolerance=0.1).compute(candles, area(1, 0, 2, 2)).out[-1] == 1
    assert Reaction(tolerance=0.09).compute(candles, area(1, 0, 2, 2)).out[-1] == 0
