"""Directions, labels, areas and signals of another timeframe: known when their bar has closed, and not before."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.candles import Candles, make_candles
from engine.timeframe import HOUR, MINUTE
from engine.validate import validate
from engine.values import UNKNOWN, Labels, Signal, Zones, constant, make_zones, no_zones
from nodes.time.align_direction import AlignDirection
from nodes.time.align_label import AlignLabel
from nodes.time.align_signal import AlignSignal
from nodes.time.align_zones import AlignZones
from tests.engine.documents import graph as graph_of
from tests.engine.documents import patched, plain
from tests.engine.executor import CATALOGUE, graph

MONDAY = 1_704_067_200_000  # 2024-01-01
NAN, U = float("nan"), UNKNOWN
laws = settings(max_examples=200, deadline=None, derandomize=True)


def candles(opens: Any, timeframe: str = "1h") -> Candles:
    time = np.asarray(opens, np.int64)
    price = np.arange(len(time), dtype=float) + 100
    return make_candles("T", timeframe, time=time, open=price, high=price, low=price, close=price, volume=price)


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


def signal(*direction: int) -> Signal:
    """A signal whose entry is 100, 101, ... and whose stop lies 10 below it."""
    entry: Any = 100.0 + np.arange(len(direction))
    one = constant(1.0, len(direction))
    return Signal(
        direction=flags(*direction), entry=entry, confidence=one, stop=entry - 10, target=one * np.nan, quality=one,
        environment=one, reasons=("before",),
    )  # fmt: skip


def zones(rows: int, *table: tuple[int, int, float]) -> Zones:
    """Areas from (since, until, low)."""
    since, until, low = (np.array([row[i] for row in table]) for i in range(3))
    many: Any = np.arange(len(table))
    return make_zones(rows, since, until, low * 1.0, low + 1.0, many % 2, many, many * 1.0, many)


HOURS = candles(MONDAY + HOUR * np.arange(10))
FOUR_HOURS = MONDAY + 4 * HOUR * np.array([1, 2])  # closes of 00-04 and 04-08


def test_a_direction_is_known_at_the_bar_that_closes_with_it() -> None:
    out = AlignDirection().compute(flags(-1, 1), HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.tolist() == [U, U, U, -1, -1, -1, -1, 1, 1, 1]


def test_a_direction_that_is_unknown_stays_so() -> None:
    out = AlignDirection().compute(flags(U, 1), HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.tolist() == [U] * 7 + [1, 1, 1]


def test_a_label_keeps_its_names() -> None:
    source = Labels(flags(1, 0), ("up", "down"))
    out = AlignLabel().compute(source, HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.names == ("up", "down")
    assert [out.at(row) for row in range(10)] == [None] * 3 + ["down"] * 4 + ["up"] * 3


def test_without_source_bars_nothing_is_known() -> None:
    none, times = np.empty(0, np.int64), HOURS.close_time
    label = AlignLabel().compute(Labels(flags(), ("up", "down")), HOURS, none, times)
    assert label.codes.tolist() == [U] * 10 and label.names == ("up", "down")
    assert AlignDirection().compute(flags(), HOURS, none, times).tolist() == [U] * 10
    areas = AlignZones().compute(no_zones(0), HOURS, none, times)
    assert areas.rows == 10 and not len(areas.since)
    said = AlignSignal().compute(signal(), HOURS, none, times)
    assert said.direction.tolist() == [U] * 10
    assert all(np.isnan(getattr(said, n)).all() for n in ("entry", "stop", "confidence", "quality"))


# --- areas -----------------------------------------------------------------------------------------------------------

AREAS = [
    # since, until in 4h bars of 2 -> since, until in 1h bars of 10; None = never seen
    ((0, 2), (3, 10)),  # still holds: to the end
    ((0, 1), (3, 7)),  # gone when the second bar closes
    ((1, 2), (7, 10)),
]


@pytest.mark.parametrize(("before", "after"), AREAS)
def test_an_area_holds_from_the_close_of_its_first_bar_to_that_of_the_bar_that_ends_it(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    out = AlignZones().compute(zones(2, (*before, 50.0)), HOURS, FOUR_HOURS, HOURS.close_time)
    assert [(int(a), int(b)) for a, b in zip(out.since, out.until, strict=True)] == [after]
    assert out.at(after[0]) == zones(2, (*before, 50.0)).at(before[0])
    assert out.at(after[0] - 1) == ()


def test_an_area_that_came_and_went_between_two_bars_is_never_seen() -> None:
    quarters = MONDAY + 15 * MINUTE * np.arange(1, 9)  # two hours
    out = AlignZones().compute(zones(8, (0, 2, 50.0), (2, 5, 60.0)), HOURS.part(0, 2), quarters, HOURS.close_time[:2])
    assert [[z.low for z in out.at(row)] for row in range(2)] == [[60.0], []]


instants = st.lists(st.integers(0, 40), max_size=20, unique=True).map(lambda x: np.array(sorted(x), np.int64))


@laws
@given(source=instants, target=instants, seed=st.integers(0, 2**32))
def test_areas_at_a_bar_are_those_of_the_latest_closed_bar(source: Any, target: Any, seed: int) -> None:
    rows, rng = len(source), np.random.default_rng(seed)
    spans = [sorted(rng.choice(rows + 1, 2, replace=False)) for _ in range(8)] if rows else []
    given_ = zones(rows, *((int(a), int(b), float(n)) for n, (a, b) in enumerate(spans))) if rows else no_zones(0)
    out = AlignZones().compute(given_, HOURS, source, target)
    assert out.rows == len(target)
    for row, now in enumerate(target):
        known = np.flatnonzero(source <= now)
        assert out.at(row) == (given_.at(int(known[-1])) if len(known) else ())


# --- signals ---------------------------------------------------------------------------------------------------------


def test_a_signal_speaks_once_where_it_becomes_known() -> None:
    out = AlignSignal(speaks="once").compute(signal(1, -1), HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.direction.tolist() == [U, U, U, 1, 0, 0, 0, -1, 0, 0]
    assert (out.entry[3], out.stop[3], out.entry[7]) == (100, 90, 101)
    assert out.reasons == ("before", "time.align_signal")


def test_a_signal_may_speak_at_every_bar() -> None:
    out = AlignSignal(speaks="at_every_bar").compute(signal(1, U), HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.direction.tolist() == [U, U, U, 1, 1, 1, 1, U, U, U]
    np.testing.assert_array_equal(out.entry, [NAN] * 3 + [100] * 4 + [NAN] * 3)


def test_what_a_signal_does_not_know_is_never_nothing() -> None:
    out = AlignSignal(speaks="once").compute(signal(U, 0), HOURS, FOUR_HOURS, HOURS.close_time)
    assert out.direction.tolist() == [U] * 7 + [0, 0, 0]


def test_a_signal_from_before_the_first_bar_is_no_news() -> None:
    late = HOURS.part(4, 6)  # 04-05, 05-06: the source bar closed at 04
    once = AlignSignal(speaks="once")
    assert once.compute(signal(1), late, FOUR_HOURS[:1], late.close_time).direction.tolist() == [0, 0]
    first = HOURS.part(3, 5)
    assert once.compute(signal(1), first, FOUR_HOURS[:1], first.close_time).direction.tolist() == [1, 0]


def test_a_signal_whose_bar_closed_in_a_gap_speaks_at_the_next_bar() -> None:
    gap = candles(MONDAY + HOUR * np.array([0, 1, 6, 7]))
    out = AlignSignal(speaks="once").compute(signal(1), gap, FOUR_HOURS[:1], gap.close_time)
    assert out.direction.tolist() == [U, U, 1, 0]


# --- the repair the validator offers ---------------------------------------------------------------------------------

TWO_CLOCKS = {
    "candles": "source.candles",
    "slow": ("source.candles", {"timeframe": "4h"}),
    "up": ("compare.rising", {"bars": 1}),
    "way": "direction.from_flags",
    "slow_up": ("compare.rising", {"bars": 1}),
    "slow_way": "direction.from_flags",
    "slow_signal": "signal.direction",
    "size": "size.equity",
    "order": "order.place",
}
WIRES = [
    "candles.close > up.a", "up.out > way.up", "slow.close > slow_up.a", "slow_up.out > slow_way.up",
    "slow_way.out > slow_signal.direction", "slow.close > slow_signal.price", "size.out > order.size",
]  # fmt: skip
MISMATCHES = {
    "time.align_direction of any value": (
        {"words": "text.context", "entry": "signal.direction", "reader": "test.reads"},
        ["way.out > words.a", "slow_way.out > words.b", "words.out > reader.text", "way.out > entry.direction",
         "candles.close > entry.price", "entry.out > order.signal"],
    ),
    "time.align_direction": (
        {"vote": "combine.vote", "entry": "signal.direction"},
        ["way.out > vote.a", "slow_way.out > vote.b", "vote.out > entry.direction", "candles.close > entry.price",
         "entry.out > order.signal"],
    ),
    "time.align_signal": (
        {"gate": "gate.flag"},
        ["slow_signal.out > gate.signal", "up.out > gate.allow", "gate.out > order.signal"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISMATCHES)
def test_the_validator_repairs_a_wire_between_two_clocks(case: str) -> None:
    nodes, wires = MISMATCHES[case]
    tag = case.partition(" ")[0]
    document = graph(TWO_CLOCKS | nodes, WIRES + wires)
    (issue,) = (i for i in validate(document, CATALOGUE, timeframe="1h").issues if i.severity == "error")
    assert issue.code == "time_mismatch"
    (fix,) = issue.fixes
    assert fix.id == f"insert_{tag.replace('.', '_')}"
    fixed = graph_of(patched(plain(document), fix.patch))
    assert [n.type for n in fixed.nodes if n.type.startswith("time.align")] == [tag]
    assert validate(fixed, CATALOGUE, timeframe="1h").ok
