"""Signals, stops, targets and gates at hand-made rows and exact boundaries."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.candles import Candles, make_candles
from engine.errors import NodeError
from engine.values import UNKNOWN, Signal, constant
from nodes.gate.confidence import Confidence
from nodes.gate.flag import Flag
from nodes.gate.price_deviation import PriceDeviation
from nodes.gate.rr import Rr as RrGate
from nodes.signal.direction import FromDirection
from nodes.signal.flags import Flags
from nodes.stop.atr import Atr as AtrStop
from nodes.stop.percent import Percent as PercentStop
from nodes.stop.swing import Swing
from nodes.target.atr import Atr as AtrTarget
from nodes.target.level import Level
from nodes.target.percent import Percent as PercentTarget
from nodes.target.rr import Rr as RrTarget

T, F, U = 1, 0, UNKNOWN
NAN = float("nan")


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


def numbers(*values: float) -> Any:
    return np.array(values, float)


def signal(*direction: int, entry: Any = 100.0, **columns: Any) -> Signal:
    rows = len(direction)
    presets = {"confidence": 1.0, "stop": NAN, "target": NAN, "quality": 1.0, "environment": 1.0}
    given = {
        n: np.broadcast_to(np.asarray(v, float), (rows,)) for n, v in (presets | columns | {"entry": entry}).items()
    }
    return Signal(direction=flags(*direction), reasons=("test",), **given)


def candles(close: Any, spread: float = 1.0) -> Candles:
    close = np.asarray(close, float)
    time = 3_600_000 * np.arange(len(close))
    columns = {"open": close, "high": close + spread, "low": close - spread, "close": close, "volume": close}
    return make_candles("T", "1h", time=time, **columns)


# --- signals ---------------------------------------------------------------------------------------------------------

DIRECTIONS = [
    # long, short, direction
    (T, F, 1),
    (F, T, -1),
    (T, T, 0),
    (F, F, 0),
    (U, F, U),
    (F, U, U),
    (T, U, U),
    (U, T, U),
    (U, U, U),
]


@pytest.mark.parametrize(("enter_long", "enter_short", "direction"), DIRECTIONS)
def test_flags_become_a_direction(enter_long: int, enter_short: int, direction: int) -> None:
    out = Flags().compute(flags(enter_long), numbers(100), flags(enter_short))
    assert out.direction.tolist() == [direction]
    assert out.direction.dtype == np.int8


def test_longs_only() -> None:
    out = Flags(confidence=0.8).compute(flags(T, F, U), numbers(1, 2, 3))
    assert out.direction.tolist() == [1, 0, U]
    assert out.entry.tolist() == [1, 2, 3]
    assert out.confidence.tolist() == [0.8] * 3
    assert np.isnan(out.stop).all() and np.isnan(out.target).all()
    assert out.reasons == ("signal.flags",)


@pytest.mark.parametrize("port", ["price", "confidence", "quality", "environment"])
def test_a_trade_with_something_unknown_is_unknown_but_no_trade_stays_none(port: str) -> None:
    columns = {n: numbers(1, 1, 1, 1) for n in ("price", "confidence", "quality", "environment")}
    columns[port] = numbers(1, NAN, NAN, NAN)
    out = Flags().compute(enter_long=flags(T, T, F, F), enter_short=flags(F, F, T, F), **columns)
    assert out.direction.tolist() == [1, U, U, 0]
    out = FromDirection().compute(direction=flags(1, 1, -1, 0), **columns)
    assert out.direction.tolist() == [1, U, U, 0]


def test_direction_becomes_a_signal() -> None:
    out = FromDirection(confidence=0.5).compute(flags(1, 0, -1, U), numbers(1, 2, 3, 4), numbers(0.1, 0.2, 0.3, 0.4))
    assert out.direction.tolist() == [1, 0, -1, U]
    assert out.confidence.tolist() == [0.1, 0.2, 0.3, 0.4]  # the port, not the parameter
    assert out.reasons == ("signal.direction",)


# --- stops and targets -----------------------------------------------------------------------------------------------


def test_percent() -> None:
    stopped = PercentStop(percent=2.0).compute(signal(1, -1, 0, U))
    np.testing.assert_array_equal(stopped.stop, [98, 102, NAN, NAN])
    np.testing.assert_array_equal(PercentTarget(percent=4.0).compute(stopped).target, [104, 96, NAN, NAN])
    assert stopped.direction.tolist() == [1, -1, 0, U]
    assert stopped.reasons == ("test", "stop.percent")


def test_atr() -> None:
    atr = numbers(2, 3, NAN, NAN, 2)
    before = signal(1, -1, 1, 0, U)
    stopped = AtrStop(multiple=1.5).compute(before, atr)
    np.testing.assert_array_equal(stopped.stop, [97, 104.5, NAN, NAN, NAN])
    assert stopped.direction.tolist() == [1, -1, U, 0, U]  # no trade without the stop it should have
    aimed = AtrTarget(multiple=3.0).compute(before, atr)
    np.testing.assert_array_equal(aimed.target, [106, 91, NAN, NAN, NAN])
    assert aimed.direction.tolist() == [1, -1, U, 0, U]
    assert before.direction.tolist() == [1, -1, 1, 0, U]


def test_swing() -> None:
    market = candles([100, 95, 105, 100, 100], spread=5)
    before = signal(1, 1, 1, -1, 0)
    out = Swing(length=3, buffer=0.0).compute(before, market)
    np.testing.assert_array_equal(out.stop, [NAN, NAN, 90, 110, NAN])
    assert out.direction.tolist() == [U, U, 1, -1, 0]
    out = Swing(length=3, buffer=1.0).compute(before, market)
    np.testing.assert_allclose(out.stop, [NAN, NAN, 89.1, 111.1, NAN])
    atr = Swing(length=3, buffer=0.5, unit="atr")
    np.testing.assert_array_equal(atr.compute(before, market, numbers(2, 2, 2, 4, 2)).stop, [NAN, NAN, 89, 112, NAN])
    with pytest.raises(NodeError, match='connect "atr"'):
        atr.compute(before, market)
    now = Swing(length=1, buffer=0.0).compute(before, market)
    np.testing.assert_array_equal(now.stop, [95, 90, 100, 105, NAN])


def test_reward_as_a_multiple_of_the_risk() -> None:
    out = RrTarget(multiple=2.0).compute(signal(1, -1, 1, 0, U, stop=numbers(95, 102, NAN, NAN, 95)))
    np.testing.assert_array_equal(out.target, [110, 96, NAN, NAN, NAN])
    assert out.direction.tolist() == [1, -1, U, 0, U]


def test_a_target_at_a_level() -> None:
    out = Level().compute(signal(1, -1, 1, 0), numbers(110, 90, NAN, 90))
    np.testing.assert_array_equal(out.target, [110, 90, NAN, NAN])
    assert out.direction.tolist() == [1, -1, U, 0]
    assert out.reasons == ("test", "target.level")


# --- gates -----------------------------------------------------------------------------------------------------------


def test_confidence() -> None:
    out = Confidence(minimum=0.75).compute(signal(1, -1, 1, U, 0, confidence=numbers(0.75, 0.8, 0.7499, 0, 0)))
    assert out.direction.tolist() == [1, -1, 0, U, 0]
    assert out.reasons == ("test", "gate.confidence")


RR = [
    # direction, stop, target, passes at a minimum of 1.7
    (1, 98, 103.4, True),
    (1, 98, 103.39, False),
    (-1, 102, 96.6, True),
    (-1, 102, 96.61, False),
    (1, NAN, 110, False),
    (1, 98, NAN, False),
    (1, 100, 110, False),  # no risk: undefined
    (1, 102, 110, False),  # stop on the wrong side
    (1, 98, 90, False),  # target on the wrong side
    (-1, 98, 110, False),  # both: the ratio alone would pass
]


@pytest.mark.parametrize(("direction", "stop", "target", "passes"), RR)
def test_reward_to_risk(direction: int, stop: float, target: float, passes: bool) -> None:
    out = RrGate(minimum=1.7).compute(signal(direction, stop=stop, target=target))
    assert out.direction.tolist() == [direction if passes else 0]


def test_a_target_built_at_the_minimum_passes_whatever_the_rounding() -> None:
    entry = np.random.default_rng(0).uniform(1e-4, 1e5, 5000)
    placed = PercentStop(percent=1.3).compute(signal(*[1, -1] * 2500, entry=entry))
    for multiple in (1.0, 1.1, 1.7, 2.3):
        passed = RrGate(minimum=multiple).compute(RrTarget(multiple=multiple).compute(placed))
        assert (passed.direction == placed.direction).all()


def test_price_deviation() -> None:
    before = signal(1, -1, 1, 1, 1, 0, U, entry=numbers(120, 80, 120.1, 79.9, 100, 500, 500))
    out = PriceDeviation(maximum=20.0).compute(before, candles([100, 100, 100, 100, NAN, NAN, 100]))
    assert out.direction.tolist() == [1, -1, 0, 0, U, 0, U]
    assert out.reasons == ("test", "gate.price_deviation")
    exact = PriceDeviation(maximum=0.0).compute(signal(1, 1, entry=numbers(100, 100.01)), candles([100, 100]))
    assert exact.direction.tolist() == [1, 0]


def test_a_flag_that_is_false_or_unknown_blocks() -> None:
    out = Flag().compute(signal(1, -1, 1, -1, U, 0), flags(T, T, F, U, F, T))
    assert out.direction.tolist() == [1, -1, 0, 0, U, 0]
    assert out.reasons == ("test", "gate.flag")


def test_gates_leave_the_levels_for_the_explanation() -> None:
    before = signal(1, stop=98.0, target=110.0, confidence=0.1)
    after = Confidence().compute(before)
    assert msgspec.structs.replace(after, direction=before.direction, reasons=before.reasons).stop is before.stop
    assert after.target.tolist() == [110.0]


def test_a_signal_of_views_stays_small() -> None:
    out = Flags().compute(flags(F, F, F), constant(100.0, 3))
    assert all(c.strides == (0,) for c in (out.confidence, out.stop, out.target, out.quality, out.environment))
