"""The side of the market, its regime, the fit of a trade, anchored averages and stops at a level, by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.candles import Candles, make_candles
from engine.errors import NodeError
from engine.resample import resample
from engine.timeframe import HOUR, MINUTE
from engine.values import UNKNOWN, Labels, Signal, constant
from nodes.gate.environment import Environment as EnvironmentGate
from nodes.indicator.vwap import VwapState
from nodes.regime.bias import Bias
from nodes.regime.environment import Environment
from nodes.regime.label import NAMES, Label
from nodes.regime.vwap_bias import VwapBias
from nodes.stop.level import Level
from nodes.time.align_direction import AlignDirection
from tests.nodes.bars_by_hand import MONDAY, bars, mirrored, numbers, said

NAN = float("nan")


def closes(*values: float) -> Candles:
    return bars("\n".join(f"{v} {v} {v} {v}" for v in values))


# --- bias ------------------------------------------------------------------------------------------------------------
#
#   close   10  20  30 | 40     length 3, so alpha 1/2: seed (10 + 20 + 30) / 3 = 20,
#   average          20| 30     then 20 + (40 - 20) / 2 = 30; strength 10/30, slope 30/20 - 1
#


def test_bias_by_hand() -> None:
    out = Bias(length=3, slope_bars=1).compute(closes(10, 20, 30, 40))
    np.testing.assert_allclose(out.ema, [NAN, NAN, 20, 30])
    np.testing.assert_allclose(out.strength, [NAN, NAN, 0.5, 1 / 3])
    np.testing.assert_allclose(out.slope, [NAN, NAN, NAN, 0.5])
    assert out.out.tolist() == [UNKNOWN] * 3 + [1]


# After closes of 100 the average of length 3 moves half of the way to the last close.
BANDS = {
    # last close, dead band in percent, side; the average is (100 + close) / 2
    "above": (102.0, 0.0, 1),
    "at the average": (100.0, 0.0, 0),
    "below": (98.0, 0.0, -1),
    "1 above 101 is less than 1 percent": (102.0, 1.0, 0),
    "1.1 above 101.1 is more than 1 percent": (102.2, 1.0, 1),
    "1 below 99 is more than 1 percent": (98.0, 1.0, -1),
    "0.9 below 99.1 is less than 1 percent": (98.2, 1.0, 0),
}


@pytest.mark.parametrize("name", BANDS)
def test_bias_is_neutral_inside_the_dead_band(name: str) -> None:
    close, band, side = BANDS[name]
    candles = closes(100, 100, 100, 100, close)
    assert Bias(length=3, slope_bars=1, dead_band=band).compute(candles).out[-1] == side


def test_bias_needs_the_slope_on_its_side_if_told_so() -> None:
    """Closes 130 120 110 | 100 113, average 120, 110, 111.5: the last close is above it, but it was at 120."""
    candles = closes(130, 120, 110, 100, 113)
    falling = Bias(length=3, slope_bars=2).compute(candles)
    assert falling.slope[-1] < 0 and candles.close[-1] > falling.ema[-1]
    assert falling.out[-1] == 0
    assert Bias(length=3, slope_bars=2, with_slope=False).compute(candles).out[-1] == 1


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 5), st.integers(2, 4), st.data())
def test_the_average_is_that_of_its_history(values: list[int], length: int, history: int, data: st.DataObject) -> None:
    """Written as a loop over the last `history` x `length` closes known in a row, seeded by the mean of the first."""
    hole = data.draw(st.integers(0, len(values)))
    close = np.array(values, float)
    close[hole : hole + 1] = NAN
    found = Bias(length=length, history=history).compute(closes(*close)).ema
    for i in range(len(close)):
        first = max([-1, *np.flatnonzero(np.isnan(close[: i + 1])).tolist()]) + 1
        window = close[max(first, i + 1 - history * length) : i + 1]
        average = window[:length].mean() if len(window) >= length else NAN
        for x in window[length:]:
            average += 2 / (length + 1) * (x - average)
        assert found[i] == pytest.approx(average, rel=1e-9, nan_ok=True)


def test_a_bar_does_not_see_the_close_of_its_own_unfinished_higher_bar() -> None:
    """
    Hours       00:00        01:00        02:00        03:00     close 100, 100, 101, 90
    bias 1h            ?            0           +1        -1     each known when its hour closes
    quarters    ? ? ? ?      ? ? ? ?      0 0 0 0      +1 ...    the last quarter of an hour already sees it
    """
    price = np.repeat([100.0, 100.0, 101.0, 90.0], 4)
    time = MONDAY + 15 * MINUTE * np.arange(16)
    quarters = make_candles("T", "15m", time=time, open=price, high=price, low=price, close=price, volume=np.ones(16))
    hours = resample(quarters, "1h")
    bias = Bias(length=1, slope_bars=1, with_slope=False, history=2).compute(hours).out
    assert bias.tolist() == [UNKNOWN, 0, 0, 0]  # an average of one bar is its close
    moved = said(UNKNOWN, 0, 1, -1)
    seen = AlignDirection().compute(moved, quarters, hours.close_time, quarters.close_time)
    assert seen.tolist() == [UNKNOWN] * 7 + [0] * 4 + [1] * 4 + [-1]


# --- label -----------------------------------------------------------------------------------------------------------

REGIMES = {
    # adx, strength of the bias, rank of the ATR
    "trend": (30.0, 0.02, 0.5, "trending"),
    "adx at the limit": (25.0, 0.02, 0.5, "trending"),
    "adx below it": (24.9, 0.02, 0.5, "ranging"),
    "bias at the limit": (30.0, 0.01, 0.5, "ranging"),
    "bias above it": (30.0, 0.0101, 0.5, "trending"),
    "ranging, rank at the limit": (20.0, 0.02, 0.9, "volatile"),
    "ranging, rank below it": (20.0, 0.02, 0.89, "ranging"),
    "volatile trend": (30.0, 0.02, 0.95, "trending"),
    "adx unknown": (NAN, 0.02, 0.95, None),
    "bias unknown": (30.0, NAN, 0.5, None),
    "rank unknown": (30.0, 0.02, NAN, None),
}


@pytest.mark.parametrize("name", REGIMES)
def test_regime(name: str) -> None:
    adx, strength, rank, label = REGIMES[name]
    node = Label(min_adx=25.0, min_strength=0.01, volatile_rank=0.9)
    out = node.compute(numbers(adx), numbers(strength), numbers(rank))
    assert out.out.at(0) == label
    assert out.volatile[0] == (UNKNOWN if np.isnan(rank) else int(rank >= 0.9))


def test_a_volatile_trend_may_be_called_volatile() -> None:
    out = Label(trend_and_volatile="volatile").compute(numbers(30, 30), numbers(0.02, 0.02), numbers(0.95, 0.5))
    assert [out.out.at(0), out.out.at(1)] == ["volatile", "trending"]


def test_the_label_goes_with_the_market() -> None:
    """A range that breaks out wildly, trends, and calms down."""
    adx, strength = numbers(15, 20, 28, 35, 30, 20), numbers(0.0, 0.02, 0.02, 0.05, 0.05, 0.05)
    out = Label().compute(adx, strength, numbers(0.3, 0.95, 0.95, 0.8, 0.4, 0.2))
    assert [out.out.at(i) for i in range(6)] == ["ranging", "volatile", "trending", "trending", "trending", "ranging"]


# --- environment -----------------------------------------------------------------------------------------------------

FITS = [
    # trade, bias, label, environment
    (1, 1, "trending", 1.0),
    (-1, -1, "trending", 1.0),
    (1, -1, "trending", 0.0),
    (-1, 1, "trending", 0.0),
    (1, 0, "trending", 0.5),
    (0, 1, "trending", 0.5),
    (1, 1, "ranging", 0.5),
    (1, -1, "volatile", 0.5),
    (UNKNOWN, 1, "trending", NAN),
    (1, UNKNOWN, "trending", NAN),
    (1, 1, None, NAN),
]


@pytest.mark.parametrize(("trade", "bias", "name", "fit"), FITS)
def test_environment(trade: int, bias: int, name: str | None, fit: float) -> None:
    label = Labels(said(UNKNOWN if name is None else NAMES.index(name)), NAMES)
    np.testing.assert_array_equal(Environment().compute(said(trade), said(bias), label), [fit])


def test_without_a_label_the_bias_is_the_trend() -> None:
    assert Environment().compute(said(1, 1, 0), said(1, -1, 1)).tolist() == [1.0, 0.0, 0.5]


def test_a_label_that_knows_no_trend_is_an_error() -> None:
    with pytest.raises(NodeError, match="the label is never 'trending'"):
        Environment().compute(said(1), said(1), Labels(said(0), ("up", "down")))


def test_a_trade_needs_a_market_that_suits_it() -> None:
    signal = trades(1, -1, 1, 0, environment=numbers(0.5, 0.49, 1.0, 0.0))
    assert EnvironmentGate(minimum=0.5).compute(signal).direction.tolist() == [1, 0, 1, 0]


# --- anchored VWAP ---------------------------------------------------------------------------------------------------


def vwap(node: VwapBias, candles: Candles, anchor: Any = None) -> Any:
    return node.step(VwapState(), candles, anchor)[1]


def test_vwap_begins_anew_with_the_utc_day() -> None:
    """
    Bars of 12h   Mon 00  Mon 12 | Tue 00  Tue 12
    price, volume   10 x1   40 x2  |  20 x3   24 x1
    average         10      30     |  20      21
    """
    candles = bars("10 10 10 10 1 \n 40 40 40 40 2 \n 20 20 20 20 3 \n 24 24 24 24 1", "12h")
    out = vwap(VwapBias(), candles)
    assert out.vwap.tolist() == [10, 30, 20, 21]
    assert out.out.tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(out.distance, [0, 1 / 3, 0, 1 / 7])
    week = vwap(VwapBias(begins="week"), candles).vwap
    np.testing.assert_allclose(week, [10, 30, 150 / 6, 174 / 7])
    over = vwap(VwapBias(), mirrored(candles))
    assert over.out.tolist() == [0, -1, 0, -1]


def test_vwap_begins_anew_at_a_flag_with_that_bar() -> None:
    """The bars before the first flag are not known to belong to anything; an unknown flag hides the average."""
    candles = bars("10 10 10 10 1 \n 40 40 40 40 2 \n 10 10 10 10 2 \n 60 60 60 60 1 \n 20 20 20 20 1 \n 20 20 20 20 1")
    out = vwap(VwapBias(begins="flag"), candles, said(0, 1, 0, 1, UNKNOWN, 0))
    np.testing.assert_array_equal(out.vwap, [NAN, 40, 25, 60, NAN, NAN])
    assert out.out.tolist() == [UNKNOWN, 0, -1, 0, UNKNOWN, UNKNOWN]


def test_vwap_of_a_session_that_begins_before_the_data_is_unknown() -> None:
    candles = bars("10 10 10 10 1 \n" * 3, "12h", start=MONDAY + 12 * HOUR)
    np.testing.assert_array_equal(vwap(VwapBias(), candles).vwap, [NAN, 10, 10])


def test_vwap_has_a_dead_band() -> None:
    candles = bars("100 100 100 100 1 \n 102 102 102 102 1 \n 90 90 90 90 0", "1h")  # average 101 at the second
    assert vwap(VwapBias(dead_band=0.9), candles).out.tolist() == [0, 1, -1]
    assert vwap(VwapBias(dead_band=1.0), candles).out.tolist() == [0, 0, -1]


def test_vwap_from_a_flag_needs_one() -> None:
    assert VwapBias(begins="flag").requires() == ("anchor",)
    with pytest.raises(NodeError, match='connect "anchor" or choose a session'):
        vwap(VwapBias(begins="flag"), closes(1, 2))


# --- stop at a level -------------------------------------------------------------------------------------------------


def trades(*direction: int, environment: Any = 1.0) -> Signal:
    rows = len(direction)
    one, none = constant(1.0, rows), constant(NAN, rows)
    fit = np.broadcast_to(np.asarray(environment, float), (rows,))
    return Signal(
        direction=said(*direction), entry=constant(100.0, rows), confidence=one, stop=none, target=none, quality=one,
        environment=fit, reasons=("test",),
    )  # fmt: skip


def test_a_stop_at_the_setup_extreme() -> None:
    """Entry 100: the long stops half an ATR of 4 below its level 95, the short above 105."""
    low, high, atr = numbers(95, 95, 95, 95, 95), numbers(105, 105, 105, 105, 105), numbers(4, 4, 4, 4, NAN)
    out = Level(buffer=0.5, unit="atr").compute(trades(1, -1, 0, UNKNOWN, 1), low, high, atr)
    np.testing.assert_array_equal(out.stop, [93, 107, NAN, NAN, NAN])
    assert out.direction.tolist() == [1, -1, 0, UNKNOWN, UNKNOWN]
    assert out.reasons == ("test", "stop.level")
    percent = Level(buffer=1.0, unit="percent").compute(trades(1, -1, 1), numbers(95, 95, NAN), numbers(105, 105, 105))
    np.testing.assert_allclose(percent.stop, [94.05, 106.05, NAN])
    assert percent.direction.tolist() == [1, -1, UNKNOWN]


def test_a_stop_on_the_winning_side_drops_the_trade() -> None:
    out = Level(buffer=0.0, unit="percent").compute(trades(1, 1, -1), numbers(100, 99, 0), numbers(0, 0, 99))
    assert out.direction.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(out.stop, [NAN, 99, NAN])


def test_a_buffer_in_atrs_needs_the_atr() -> None:
    assert Level().requires() == ("atr",) and Level(unit="percent").requires() == ()
    with pytest.raises(NodeError, match='connect "atr" or choose percent'):
        Level().compute(trades(1), numbers(95), numbers(105))
