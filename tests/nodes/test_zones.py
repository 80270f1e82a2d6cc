"""Areas of interest, in pictures small enough to check by eye, and against plain loops."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.candles import Candles
from engine.errors import NodeError
from engine.values import UNKNOWN, Zone, Zones, make_zones
from nodes.combine.confirm import Confirm, ConfirmState
from nodes.signal.flags import Flags
from nodes.structure.pivots import Pivots
from nodes.zone.at import At
from nodes.zone.confluence import Confluence
from nodes.zone.from_pivots import AreasState, FromPivots
from tests.nodes.hand_made.structure_pictures import HOUR, draw, path


def areas(candles: Candles, **params: Any) -> Zones:
    """Areas of pivots of one bar a side; a width of 10 percent is 1 to 1.5 at the prices of the pictures."""
    ports = Pivots(left=1, right=1).compute(candles)
    presets: dict[str, Any] = {"width_percent": 10.0, "width_atr": 0.0, "reversal_bars": 1}
    return FromPivots(**presets | params).step(AreasState(), candles, *ports)[1]


def spans(zones: Zones, row: int) -> list[tuple[float, float, int, int]]:
    """(low, high, kind, touches) of the areas at a bar."""
    return [(z.low, z.high, z.kind, z.touches) for z in zones.at(row)]


# --- touches ---------------------------------------------------------------------------------------------------------


def test_the_third_touch_makes_an_area_at_the_bar_that_confirms_it() -> None:
    """Lows at bars 1, 3 and 5; the third is confirmed at bar 6."""
    candles = draw("""
        14 - - - -
        13
        12
        11
        10  - - -
    """)
    zones = areas(candles)
    assert spans(zones, 5) == []
    assert spans(zones, 6) == [(10, 10, 1, 3)]
    assert zones.at(6)[0].born == 7 * HOUR, "the closing instant of bar 6"


def test_highs_and_lows_are_touches_of_the_same_area() -> None:
    """Lows at bars 1 and 3 from above, then a high at bar 6 from below: support has become resistance."""
    candles = draw("""
        14 - - -
        13
        12
        11
        10  - -  -
         9
         8      - -
    """)
    assert spans(areas(candles), 7) == [(10, 10, -1, 3)]


def test_an_area_reaches_from_its_lowest_to_its_highest_pivot() -> None:
    candles = draw("""
        14 - - - -
        13
        12
        11    -
        10  -   -
    """)
    assert spans(areas(candles), 6) == [(10, 11, 1, 3)]


def test_a_pivot_too_far_away_begins_an_area_of_its_own() -> None:
    """12 is two away from 10, a width is 1.4: two areas, of two touches and of one."""
    candles = draw("""
        14 - - - -
        13
        12    -
        11
        10  -   -
    """)
    assert spans(areas(candles, min_touches=1), 6) == [(10, 10, 1, 2), (12, 12, 1, 1), (14, 14, -1, 2)]


def test_two_pivots_of_one_visit_are_one_touch() -> None:
    """Between the lows of bars 1 and 3 the price goes back to 11 only, less than a width of 1.4 away."""
    candles = draw("""
        14 -   - -
        13
        12
        11   -
        10  - - -
    """)
    zones = areas(candles, min_touches=2)
    assert [z for z in spans(zones, 5) if z[0] == 10] == []
    assert (10, 11, 1, 2) in spans(zones, 6), "the second visit is that of bar 5"


def test_leaving_after_the_touch_does_not_count_for_it() -> None:
    """With two bars a side the low of bar 4 is known at bar 6, when the price has left; it left only afterwards."""
    candles = path(14, 12, 10, 11, 11, 10, 12, 14, 12, 14)
    ports = Pivots(left=1, right=2).compute(candles)
    node = FromPivots(width_percent=15.0, width_atr=0.0, min_touches=2)
    zones = node.step(AreasState(), candles, *ports)[1]
    assert np.flatnonzero(ports.low == 1).tolist() == [4, 7]
    assert all(z.low != 10 for row in range(10) for z in zones.at(row)), "one visit: 10, 11, 11, 10"


# --- the end of an area ----------------------------------------------------------------------------------------------

KNOWN = (14, 10, 14, 10, 14, 10, 14)  # an area at 10 of three touches, known at bar 6


def kept(*more: float, **params: Any) -> list[bool]:
    """Whether the area at 10 is there at the bars after `KNOWN`."""
    zones = areas(path(*KNOWN, *more), buffer=1.0, **params)
    return [any(z.low <= 10 <= z.high for z in zones.at(len(KNOWN) + i)) for i in range(len(more))]


def test_an_area_does_not_end_by_being_used() -> None:
    """The fourth, fifth and sixth touch are counted and the area stays."""
    zones = areas(path(*KNOWN, 10, 14, 10, 14, 10, 14))
    assert spans(zones, 12)[0] == (10, 10, 1, 6)


def test_a_close_beyond_the_buffer_without_reversal_breaks_an_area() -> None:
    """The width at 8.8 is 0.88 and so is the buffer: 8.8 is beyond 10 - 0.88; one more close without reversal."""
    assert kept(8.8, 8.8) == [True, False]
    assert kept(8.8, 8.8, reversal_bars=0) == [False, False]
    assert kept(8.8, 8.8, 8.8, 8.8, reversal_bars=3) == [True, True, True, False]


def test_a_close_back_in_time_saves_an_area() -> None:
    assert kept(8.8, 10, 14, 14) == [True, True, True, True]
    assert kept(8.8, 9.5, 10, reversal_bars=2) == [True, True, True]
    assert kept(8.8, 8.9, 9.0, reversal_bars=2) == [True, True, False], "9.0 is not back at the area"


def test_a_close_within_the_buffer_breaks_nothing() -> None:
    assert kept(9.2, 9.2, 9.2) == [True, True, True]


def test_a_wick_beyond_an_area_breaks_nothing() -> None:
    candles = draw("""
        14 - - - ---
        13        |
        12        |
        11        |
        10  - - - |
         9        |
         8        |
    """)
    assert [z[0] for z in spans(areas(candles, reversal_bars=0), 8)][:1] == [10]


def test_a_broken_area_needs_three_new_touches() -> None:
    """After the break at bar 8 highs at 10 are the first and second touch of a new area."""
    zones = areas(path(*KNOWN, 7, 7, 10, 7, 10, 7, 10, 7))
    assert [any(z.low == 10 for z in zones.at(row)) for row in range(6, 15)] == [True] * 2 + [False] * 6 + [True]
    assert (10, 10, -1, 3) in spans(zones, 14)


def test_touches_count_as_long_as_the_look_back_says() -> None:
    """The low confirmed at bar 2 leaves a look-back of six bars at bar 8, and with it the third touch."""
    zones = areas(path(*KNOWN, 14, 14, 14), lookback_bars=6)
    assert [len([z for z in zones.at(row) if z.low == 10]) for row in (6, 7, 8)] == [1, 1, 0]


def test_the_score_falls_by_a_quarter_of_the_touches_with_every_quarter_of_the_look_back() -> None:
    """Three touches, the last at bar 6, a look-back of 12: a quarter is three bars."""
    zones = areas(path(*KNOWN, 14, 14, 14, 14, 14), lookback_bars=12, min_touches=3)
    scores = [[z.score for z in zones.at(row) if z.low == 10] for row in range(6, 10)]
    assert scores == [[3.0], [3.0], [3.0], [2.25]]


def test_a_width_in_atrs_needs_the_atr() -> None:
    candles = path(*KNOWN)
    ports = Pivots(left=1, right=1).compute(candles)
    assert FromPivots(width_atr=0.5).requires() == ("atr",)
    with pytest.raises(NodeError, match="connect"):
        FromPivots(width_atr=0.5).step(AreasState(), candles, *ports)
    assert FromPivots(width_percent=0.0, width_atr=0.0).check()
    wide = FromPivots(width_percent=0.1, width_atr=1.0, min_touches=2)
    zones = wide.step(AreasState(), candles, *ports, atr=np.full(7, 1.5))[1]
    assert spans(zones, 6)[0] == (10, 10, 1, 3), "the larger of 0.1 percent and one ATR of 1.5"


# --- several timeframes ----------------------------------------------------------------------------------------------

Row = tuple[int, int, float, float, int, int, float]  # since, until, low, high, kind, touches, score


def table(rows: int, *versions: Row, born: int = 0) -> Zones:
    columns = [np.array(c) for c in zip(*versions, strict=True)]
    since, until, low, high, kind, touches, score = columns
    return make_zones(
        rows, since, until, low, high, kind.astype(np.int8), touches, score, np.full(len(since), born, np.int64)
    )


DAILY = table(10, (2, 10, 100.0, 103.0, 1, 3, 3.0), born=7)
HOURLY = table(10, (4, 8, 102.0, 104.0, 1, 2, 2.0), (4, 10, 110.0, 111.0, -1, 5, 5.0), born=9)


def test_an_area_counts_where_two_timeframes_see_it() -> None:
    """Daily 100 to 103 and hourly 102 to 104 overlap while both hold; 110 to 111 is seen on one timeframe only."""
    found = Confluence(weight_a=2.0, weight_b=1.0).compute(DAILY, HOURLY)
    assert [len(found.at(row)) for row in range(10)] == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]
    assert found.at(5) == (Zone(low=100.0, high=103.0, kind=1, touches=3, score=8.0, born=9),)


def test_the_area_with_the_higher_weighted_score_lends_its_bounds() -> None:
    """3 x 1 against 2 x 2."""
    (zone,) = Confluence(weight_a=1.0, weight_b=2.0).compute(DAILY, HOURLY).at(5)
    assert (zone.low, zone.high) == (102.0, 104.0)
    assert zone.score == 3 * 1 + 2 * 2
    assert zone.touches == 3, "the touches of one timeframe, not their sum: they are the same visits"


def test_one_timeframe_at_least_needs_the_touches() -> None:
    assert len(Confluence(min_touches=3).compute(DAILY, HOURLY).at(5)) == 1
    assert len(Confluence(min_touches=4).compute(DAILY, HOURLY).at(5)) == 0


def test_areas_near_each_other_are_one_if_the_gap_allows_it() -> None:
    """103 and 104 are 0.97 percent apart."""
    higher = table(10, (0, 10, 104.0, 105.0, 1, 3, 3.0))
    assert len(Confluence(gap=0.9).compute(DAILY, higher).at(5)) == 0
    assert len(Confluence(gap=1.0).compute(DAILY, higher).at(5)) == 1


def test_one_input_may_be_enough() -> None:
    assert len(Confluence(min_inputs=1, min_touches=1).compute(DAILY, HOURLY).at(5)) == 2


# --- being there -----------------------------------------------------------------------------------------------------

LEVELS = table(9, (0, 9, 10.0, 11.0, 1, 3, 3.0), (0, 9, 15.0, 16.0, -1, 4, 4.0))


def test_a_bar_is_at_an_area_it_reaches_into() -> None:
    """Support 10 to 11, resistance 15 to 16; the wick of bar 1 reaches 11, the body of bar 3 is at 15."""
    candles = draw("""
        15    -
        14   -
        13 --
        12  |
        11  |
    """)
    found = At(tolerance=0.0).compute(table(4, (0, 4, 10.0, 11.0, 1, 3, 3.0), (0, 4, 15.0, 16.0, -1, 4, 4.0)), candles)
    assert found.at_support.tolist() == [0, 1, 0, 0]
    assert found.at_resistance.tolist() == [0, 0, 0, 1]
    assert (found.support_low[0], found.support_high[0], found.support_touches[0]) == (10, 11, 3)
    assert (found.resistance_low[0], found.resistance_high[0], found.resistance_touches[0]) == (15, 16, 4)


def test_near_is_near_enough() -> None:
    """12 is 8.3 percent of itself away from 11."""
    zones = table(1, (0, 1, 10.0, 11.0, 1, 3, 3.0))
    assert At(tolerance=8.3).compute(zones, path(12)).at_support.tolist() == [0]
    assert At(tolerance=8.4).compute(zones, path(12)).at_support.tolist() == [1]


def test_the_area_the_bar_is_at_is_nearer_than_one_near_the_close() -> None:
    """A long wick into 10 to 11, the close just above 14."""
    candles = draw("""
        15 O
        14 O
        13 |
        12 |
        11 |
    """)
    zones = table(1, (0, 1, 10.0, 11.0, 1, 3, 3.0), (0, 1, 16.0, 17.0, 1, 3, 3.0))
    found = At(tolerance=0.0).compute(zones, candles)
    assert found.support_low.tolist() == [10.0]


def test_a_support_below_which_the_bar_closes_is_none() -> None:
    """Support 11 to 13: bar 0 closes in it, bar 1 below it, bar 2 wicks back into it and closes below again."""
    candles = draw("""
        13
        12 # |
        11 ##|
        10  ##
    """)
    found = At(tolerance=0.0).compute(table(3, (0, 3, 11.0, 13.0, 1, 3, 3.0)), candles)
    assert found.at_support.tolist() == [1, 0, 0]
    assert found.support_low[0] == 11 and np.isnan(found.support_low[1:]).all()
    assert At(tolerance=0.0).compute(table(3, (0, 3, 8.0, 9.0, -1, 3, 3.0)), candles).at_resistance.tolist() == [
        0,
        0,
        0,
    ]


def test_an_area_of_either_kind_is_both() -> None:
    found = At().compute(table(1, (0, 1, 10.0, 11.0, 0, 3, 3.0)), path(10.5))
    assert found.at_support.tolist() == found.at_resistance.tolist() == [1]


def test_without_areas_the_answer_is_no_and_without_candles_there_is_none() -> None:
    found = At().compute(table(2, (0, 0, 10.0, 11.0, 0, 3, 3.0)), path(10.5, np.nan))
    assert found.at_support.tolist() == [0, UNKNOWN]
    assert np.isnan(found.support_low).all()


# --- touch, shift, pattern -------------------------------------------------------------------------------------------

SEQUENCES = [
    # touches, shifts, patterns, bars of trades (a shift within 3 bars of the touch, a pattern within 2 of the shift)
    ("T.......", "..S.....", "...P....", [3]),
    ("T.......", "..S.....", "..P.....", [2]),  # all may fall on one bar
    ("T.......", "....S...", "....P...", []),  # the touch has expired
    ("TT......", "....S...", "....P...", [4]),  # the second touch has not
    ("T.......", "..S.....", ".....P..", []),  # the shift has expired
    ("T.......", "..S.....", ".P......", []),  # a pattern before the shift confirms nothing
    ("..T.....", ".S......", "...P....", []),  # nor does a shift before the touch
    ("T.......", "..S.....", "...PP...", [3]),  # a setup is traded once
]


@pytest.mark.parametrize(("touches", "shifts", "patterns", "trades"), SEQUENCES)
def test_a_touch_is_confirmed_in_two_steps_or_expires(
    touches: str, shifts: str, patterns: str, trades: list[int]
) -> None:
    touched, shifted, seen = (np.array([c != "." for c in t], np.int8) for t in (touches, shifts, patterns))
    price = np.full(len(touched), 100.0)
    setup = Flags().compute(touched, price)
    first = Confirm(bars=3).step(ConfirmState(), setup, long=shifted)[1]
    second = Confirm(bars=2).step(ConfirmState(), first.out, direction=seen)[1]
    assert np.flatnonzero(second.out.direction == 1).tolist() == trades


# --- the same by plain loops -----------------------------------------------------------------------------------------


class Area:
    """An area as a plain list of its pivots."""

    def __init__(self) -> None:
        self.pivots: list[list[float]] = []  # price, bar of its confirmation, whether it counts
        self.side = self.beyond = 0
        self.away = self.born = False

    @property
    def low(self) -> float:
        return min(p[0] for p in self.pivots)

    @property
    def high(self) -> float:
        return max(p[0] for p in self.pivots)

    @property
    def touches(self) -> int:
        return sum(int(p[2]) for p in self.pivots)


def naive_areas(candles: Candles, node: FromPivots) -> list[list[tuple[float, float, int, int]]]:
    ports = Pivots(left=1, right=1).compute(candles)
    living: list[Area] = []
    out = []
    for t, close in enumerate(candles.close.tolist()):
        width = close * (node.width_percent / 100)
        for area in living:
            area.pivots = [p for p in area.pivots if p[1] > t - node.lookback_bars]
            if area.pivots:
                area.pivots[0][2] = 1
        living = [a for a in living if a.pivots]
        joined = []
        for flag, prices in ((ports.high, ports.high_price), (ports.low, ports.low_price)):
            if flag[t] == 1:
                joined.append(_joined(living, float(prices[t]), close, width, t))
        gone = []
        for area in living:
            top, bottom = ports.high_price[t], ports.low_price[t]
            if not any(area is j for j in joined) and (top >= area.high + width or bottom <= area.low - width):
                area.away = True
            if _ends(area, close, width, node):
                gone.append(area)
        living = [a for a in living if not any(a is g for g in gone)]
        shown = [a for a in living if a.touches >= node.min_touches]
        out.append(sorted((a.low, a.high, a.side, a.touches) for a in shown))
    return out


def _joined(living: list[Area], price: float, close: float, width: float, t: int) -> Area:
    fits = [a for a in living if max(a.high, price) - min(a.low, price) <= width]
    if fits:
        area = min(fits, key=lambda a: abs(price - (a.low + a.high) / 2))
        area.pivots.append([price, t, int(area.away)])
        area.away = False
        return area
    area = Area()
    area.pivots.append([price, t, 1])
    area.side = (close > price) - (close < price)
    living.append(area)
    return area


def _ends(area: Area, close: float, width: float, node: FromPivots) -> bool:
    if area.touches < node.min_touches or not area.born:
        area.side = 1 if close > area.high else (-1 if close < area.low else area.side)
        area.beyond, area.born = 0, area.touches >= node.min_touches
        return False
    if area.side == 0:
        area.side = (close > area.high) - (close < area.low)
        return False
    back = close >= area.low if area.side > 0 else close <= area.high
    far = close < area.low - node.buffer * width if area.side > 0 else close > area.high + node.buffer * width
    if area.beyond:
        area.beyond = 0 if back else area.beyond + 1
    elif far:
        area.beyond = 1
    return area.beyond > node.reversal_bars


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(60, 90), min_size=1, max_size=70),
    st.integers(3, 40),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_areas_are_those_of_a_plain_loop(
    prices: list[int], lookback: int, touches: int, patience: int, buffer: float
) -> None:
    node = FromPivots(
        width_percent=5.0, width_atr=0.0, lookback_bars=lookback, min_touches=touches, reversal_bars=patience,
        buffer=buffer,
    )  # fmt: skip
    candles = path(*prices)
    zones = node.step(AreasState(), candles, *Pivots(left=1, right=1).compute(candles))[1]
    expected = naive_areas(candles, node)
    assert [sorted(spans(zones, row)) for row in range(len(prices))] == expected
