"""The strip of a series: holes where they are, wide enough to be seen, few enough to be drawn."""

from itertools import pairwise

from engine.timeframe import HOUR
from server.store.series import Gap, Stored
from server.web.coverage import WIDTH, Hole, holes

START = 1_704_067_200_000


def series(bars: int, timeframe: str = "1h") -> Stored:
    return Stored(symbol="X", timeframe=timeframe, rows=bars, first=START, last=START + (bars - 1) * HOUR)


def gap(first: int, bars: int) -> Gap:
    return Gap(START + first * HOUR, START + (first + bars - 1) * HOUR, bars)


def test_holes_stand_where_they_are() -> None:
    assert holes(series(WIDTH), []) == []
    assert holes(series(WIDTH), [gap(10, 5), gap(200, 40)]) == [Hole(10, 5), Hole(200, 40)]


def test_a_single_bar_of_many_is_seen() -> None:
    (hole,) = holes(series(100_000), [gap(50_000, 1)])
    assert hole == Hole(120, 1)


def test_thousands_of_holes_are_few_rectangles_inside_the_drawing() -> None:
    drawn = holes(series(100_000), [gap(first, 3) for first in range(10, 99_000, 20)])
    assert 0 < len(drawn) <= WIDTH
    assert all(a.x + a.width < b.x for a, b in pairwise(drawn))
    assert drawn[-1].x + drawn[-1].width <= WIDTH


def test_funding_has_no_holes() -> None:
    assert holes(series(100, "funding"), [gap(10, 5)]) == []
