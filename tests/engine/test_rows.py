"""Reading wires by rows: parts, single bars, words."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from engine.rows import row_value, rows_of, text_at, unknown, value_words
from engine.values import KINDS, UNKNOWN, Labels, Line, SignalRow, Text, Zones, make_zones, no_zones


def zones(rows: int, seed: int) -> Zones:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 8)) if rows else 0
    since = rng.integers(0, max(rows, 1), count)
    until = np.minimum(since + 1 + rng.integers(0, 10, count), rows)
    low = rng.integers(90, 110, count).astype(float)
    kind, touches = rng.integers(-1, 2, count).astype(np.int8), rng.integers(1, 5, count)
    return make_zones(rows, since, until, low, low + 1, kind, touches, rng.random(count), since * 1000)


@given(st.integers(1, 30), st.integers(0, 50), st.data())
def test_a_part_of_zones_says_the_same_at_its_bars(rows: int, seed: int, data: st.DataObject) -> None:
    table = zones(rows, seed)
    start = data.draw(st.integers(0, rows - 1))
    stop = data.draw(st.integers(start, rows))
    part = rows_of(table, start, stop)
    assert len(part) == stop - start
    assert [part.at(i) for i in range(len(part))] == [table.at(i) for i in range(start, stop)]
    assert (np.diff(part.since) >= 0).all()
    assert (part.since < part.until).all() and (part.until <= len(part)).all()


def test_zones_at_a_bar_are_ordered_by_their_bounds() -> None:
    #   row       0 1 2 3 4
    #   101-102   . a a b b   second touch at row 3
    #   98-99     . . c c .
    table = make_zones(
        5, np.array([3, 2, 1]), np.array([5, 4, 3]), np.array([101.0, 98.0, 101.0]), np.array([102.0, 99.0, 102.0]),
        np.array([-1, 1, -1], np.int8), np.array([2, 1, 1]), np.zeros(3), np.array([10, 20, 10]),
    )  # fmt: skip
    assert [[(z.low, z.touches) for z in table.at(row)] for row in range(5)] == [
        [], [(101.0, 1)], [(98.0, 1), (101.0, 1)], [(98.0, 1), (101.0, 2)], [(101.0, 2)],
    ]  # fmt: skip
    assert no_zones(3).at(2) == ()


def test_labels_are_names_or_unknown() -> None:
    labels = Labels(np.array([0, 1, UNKNOWN], np.int8), ("up", "down"))
    assert [row_value(labels, i) for i in range(3)] == ["up", "down", None]
    assert labels.where("down").tolist() == [0, 1, UNKNOWN]
    assert labels.where("sideways").tolist() == [0, 0, UNKNOWN]
    assert rows_of(labels, 1, 3).codes.tolist() == [1, UNKNOWN]


def test_text_is_written_for_the_bar_that_is_read() -> None:
    inner = Text(2, "regime", (Line("label", Labels(np.array([0, 1], np.int8), ("calm", "wild"))),))
    text = Text(
        2, "", (Line("rsi", np.array([29.834, np.nan]), 1), Line("", inner), Line("close", np.ones(2), 0, "USD"))
    )
    assert text_at(text, 0) == "rsi: 29.8\nregime\nlabel: calm\nclose: 1 USD"
    assert text_at(rows_of(text, 1, 2), 0) == "rsi: not yet known\nregime\nlabel: wild\nclose: 1 USD"


def test_values_in_words() -> None:
    row = SignalRow(direction=-1, entry=100.0, stop=101.5, target=np.nan, confidence=0.8, quality=1.0, environment=1.0)
    assert value_words(row) == "short, entry 100.00, stop 101.50, confidence 0.80"
    assert [value_words(v) for v in (None, 1, 0, UNKNOWN, 2.5)] == [
        "not yet known", "yes", "no", "not yet known", "2.50",
    ]  # fmt: skip
    assert value_words(()) == "none"


def test_every_kind_has_a_value_in_which_nothing_is_known() -> None:
    for kind in KINDS:
        value = unknown(kind, 3)
        if kind not in ("candles", "size", "exit_policy"):
            assert row_value(value, 2) in (UNKNOWN, None, (), "") or value_words(row_value(value, 2)) == "not yet known"
