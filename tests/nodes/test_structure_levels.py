"""Stops and targets at the structure, at hand-made levels.

A long at 100 with its stop at 98 risks 2; "pays 2" is a target at 104.
"""

from typing import Any

import numpy as np
import pytest

from engine.candles import Candles, make_candles
from engine.values import UNKNOWN, Signal, Zones, constant, make_zones
from nodes.stop.structure import Structure as Stop
from nodes.target.structure import Structure as Target
from nodes.target.structure import TargetPorts

U = UNKNOWN
NAN = float("nan")


def column(*values: float) -> Any:
    return np.array(values, float)


def signal(*direction: int, stop: Any = NAN) -> Signal:
    rows = len(direction)
    one = constant(1.0, rows)
    return Signal(
        direction=np.array(direction, np.int8), entry=constant(100.0, rows), confidence=one, quality=one,
        environment=one, target=constant(NAN, rows), stop=np.broadcast_to(np.asarray(stop, float), (rows,)),
        reasons=("test",),
    )  # fmt: skip


def zones(rows: int, *bounds: tuple[float, float]) -> Zones:
    n = len(bounds)
    whole = np.array(bounds, float).reshape(n, 2)
    zeros = np.zeros(n, np.int64)
    return make_zones(
        rows, zeros, zeros + rows, whole[:, 0], whole[:, 1], np.zeros(n, np.int8), zeros + 3, np.ones(n), zeros
    )


def candles(low: list[float], high: list[float]) -> Candles:
    middle = (column(*low) + column(*high)) / 2
    columns: dict[str, Any] = {"open": middle, "high": column(*high), "low": column(*low), "close": middle}
    return make_candles("T", "1h", time=3_600_000 * np.arange(len(low)), volume=middle, **columns)


# --- stop ------------------------------------------------------------------------------------------------------------

# 101 |||     wicks of the last two bars from 97 to 101; the area from 95 to 96; an ATR is 2, the buffer half of it
#  97 |||
#  96 ===
#  95 ===
BARS = candles([96.5, 97.5, 97], [103, 101, 100.5])
ATR = column(2, 2, 2)


def test_the_stop_lies_a_buffer_beyond_the_wicks() -> None:
    """Of the last two bars: 97 - 0.5 x 2 for longs, 101 + 1 for shorts."""
    node = Stop(wick_bars=2, buffer=0.5)
    assert node.compute(signal(0, 0, 1), BARS, ATR).stop.tolist()[2] == 96
    assert node.compute(signal(0, 0, -1), BARS, ATR).stop.tolist()[2] == 102
    assert np.isnan(node.compute(signal(0, 0, 1), BARS, ATR).stop[:2]).all()


def test_the_stop_lies_beyond_the_area_where_that_is_further() -> None:
    """The far bound of the area, 95, is below the wicks; 96.8 is not."""
    node = Stop(wick_bars=2, buffer=0.5)
    assert node.compute(signal(0, 0, 1), BARS, ATR, support_low=column(95, 95, 95)).stop[2] == 94
    assert node.compute(signal(0, 0, 1), BARS, ATR, support_low=column(97.5, 97.5, 97.5)).stop[2] == 96
    assert node.compute(signal(0, 0, -1), BARS, ATR, resistance_high=column(104, 104, 104)).stop[2] == 105


def test_the_stop_lies_beyond_the_swing_where_that_is_further() -> None:
    node = Stop(wick_bars=1, buffer=0.0)
    assert node.compute(signal(0, 0, 1), BARS, ATR, low=column(0, 0, 94)).stop[2] == 94
    assert node.compute(signal(0, 0, -1), BARS, ATR, high=column(0, 0, 107)).stop[2] == 107
    assert node.compute(signal(0, 0, 1), BARS, ATR, high=column(0, 0, 107)).stop[2] == 97, "a high is for shorts"


def test_a_trade_without_its_structure_becomes_unknown() -> None:
    out = Stop(wick_bars=1).compute(signal(1, 0, -1), BARS, ATR, support_low=column(NAN, NAN, NAN))
    assert out.direction.tolist() == [U, 0, -1], "the support is for longs"
    assert Stop(wick_bars=3).compute(signal(1, 1, 1), BARS, ATR).direction.tolist() == [U, U, 1]


# --- target ----------------------------------------------------------------------------------------------------------


def aim(out: TargetPorts) -> tuple[int, float, str | None]:
    """Direction, target and reason of the only bar."""
    return int(out.out.direction[0]), float(out.out.target[0]), out.why.at(0)


def test_the_target_is_the_near_bound_of_the_nearest_area_that_pays() -> None:
    """At 103 an area pays 1.5 and is passed over, at 105 the next pays 2.5."""
    ahead = zones(1, (103, 104), (105, 107), (110, 112), (90, 95))
    out = Target(minimum=2.0).compute(signal(1, stop=98.0), ahead)
    assert aim(out) == (1, 105, "found")
    assert out.pays.tolist() == [2.5]


def test_a_short_aims_at_the_upper_bound_of_an_area_below() -> None:
    out = Target(minimum=2.0).compute(signal(-1, stop=102.0), zones(1, (94, 95), (80, 90), (105, 107)))
    assert aim(out) == (-1, 95, "found")
    assert out.pays.tolist() == [2.5]


def test_exactly_the_minimum_is_enough() -> None:
    assert aim(Target(minimum=2.0).compute(signal(1, stop=98.0), zones(1, (104, 105))))[1] == 104
    assert aim(Target(minimum=2.01).compute(signal(1, stop=98.0), zones(1, (104, 105))))[0] == 0


def test_without_structure_that_pays_there_is_no_trade() -> None:
    """The nearest pays 1.5, and that is said."""
    out = Target(minimum=2.0).compute(signal(1, stop=98.0), zones(1, (103, 104)))
    assert out.out.direction.tolist() == [0]
    assert out.why.at(0) == "pays_too_little"
    assert out.pays.tolist() == [1.5]
    assert np.isnan(out.out.target).all()


def test_without_structure_ahead_there_is_no_trade() -> None:
    out = Target().compute(signal(1, stop=98.0), zones(1, (90, 95)))
    assert (int(out.out.direction[0]), out.why.at(0)) == (0, "nothing_ahead")
    assert np.isnan(out.pays).all()


def test_structure_that_is_too_near_may_stand_in_the_way() -> None:
    ahead = zones(1, (103, 104), (105, 107))
    out = Target(minimum=2.0, too_near="refuse").compute(signal(1, stop=98.0), ahead)
    assert (int(out.out.direction[0]), out.why.at(0)) == (0, "pays_too_little")
    assert aim(Target(minimum=1.5, too_near="refuse").compute(signal(1, stop=98.0), ahead)) == (1, 103, "found")


def test_swings_are_structure_too() -> None:
    """Above for longs, below for shorts, the nearest that pays; an unknown one is none."""
    swings = {"high": column(104), "previous_high": column(108), "low": column(96), "previous_low": column(NAN)}
    assert aim(Target().compute(signal(1, stop=98.0), **swings)) == (1, 104, "found")
    assert aim(Target(minimum=3.0).compute(signal(1, stop=98.0), **swings)) == (1, 108, "found")
    assert aim(Target().compute(signal(-1, stop=102.0), **swings)) == (-1, 96, "found")
    assert Target(minimum=3.0).compute(signal(-1, stop=102.0), **swings).why.at(0) == "pays_too_little"


def test_an_area_around_the_entry_is_not_ahead() -> None:
    assert Target().compute(signal(1, stop=98.0), zones(1, (99, 105))).why.at(0) == "nothing_ahead"


def test_areas_count_while_they_hold() -> None:
    """The area at 105 is there at bars 1 and 2 only."""
    table = make_zones(
        4, np.array([1]), np.array([3]), column(105), column(106), np.zeros(1, np.int8), np.array([3]), column(1),
        np.array([0]),
    )  # fmt: skip
    out = Target().compute(signal(1, 1, 1, 1, stop=98.0), table)
    assert out.out.direction.tolist() == [0, 1, 1, 0]


NO_TRADES = [
    # direction, stop, direction that comes out, why
    (0, NAN, 0, "no_signal"),
    (U, NAN, U, None),
    (1, NAN, U, None),  # a trade without a stop
    (1, 100.0, 0, "no_risk"),
    (1, 101.0, 0, "no_risk"),  # the stop lies on the wrong side
]


@pytest.mark.parametrize(("direction", "stop", "comes_out", "why"), NO_TRADES)
def test_what_is_not_a_trade_gets_no_target(direction: int, stop: float, comes_out: int, why: str | None) -> None:
    out = Target().compute(signal(direction, stop=stop), zones(1, (110, 112)))
    assert out.out.direction.tolist() == [comes_out]
    assert out.why.at(0) == why
    assert np.isnan(out.out.target).all()
