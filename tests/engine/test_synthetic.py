"""The invented markets: the same for the same seed, impossible nowhere, and alive."""

import msgspec
import numpy as np
import pytest

from engine.candle_check import Checked, check_columns
from engine.candles import COLUMNS, Candles
from engine.errors import InputError
from engine.sim.fixtures import fixture, fixture_names
from engine.sim.synthetic import Market, synthetic_candles, synthetic_funding
from engine.timeframe import HOUR


def check(candles: Candles) -> Checked:
    return check_columns({name: getattr(candles, name) for name in COLUMNS}, candles.origin)


def test_same_seed_same_market() -> None:
    assert synthetic_candles(3, 2000).identity == synthetic_candles(3, 2000).identity
    assert synthetic_candles(3, 2000).identity != synthetic_candles(4, 2000).identity


def test_is_labelled() -> None:
    candles = synthetic_candles(12, 10)

    assert (candles.synthetic, candles.origin) == (True, "synthetic market, seed 12")
    assert candles.symbol.startswith("SYNTH")


@pytest.mark.parametrize("timeframe", ["1m", "15m", "1h", "1d", "1w"])
@pytest.mark.parametrize("bars", [1, 2, 1000])
def test_candles_are_possible(timeframe: str, bars: int) -> None:
    candles = synthetic_candles(bars, bars, Market(timeframe=timeframe))

    assert len(candles) == bars
    assert bars == 1 or check(candles) == Checked(timeframe)


def test_prices_are_ticks_and_quantities_steps() -> None:
    candles = synthetic_candles(5, 5000, Market(tick=0.05, step=0.01))

    for name in ("open", "high", "low", "close"):
        assert np.array_equal(np.round(getattr(candles, name) * 20) / 20, getattr(candles, name))
    assert np.array_equal(np.round(candles.volume, 2), candles.volume)


def test_behaves_like_a_market() -> None:
    candles = synthetic_candles(7, 20_000)
    moves = np.diff(np.log(candles.close))
    size = np.abs(moves)
    hours = (candles.time // HOUR) % 24
    daily = moves.std() * np.sqrt(24)

    assert 0.02 < daily < 0.05  # asked for 0.03
    assert ((moves - moves.mean()) ** 4).mean() / moves.var() ** 2 > 5  # fat tails; 3 is normal
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1  # volatility clusters
    assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 0.05  # direction does not
    assert candles.volume[hours == 15].mean() > 1.3 * candles.volume[hours == 6].mean()
    assert (candles.open[1:] == candles.close[:-1]).mean() > 0.95
    assert (candles.high > np.maximum(candles.open, candles.close)).mean() > 0.5


def test_funding_every_eight_hours() -> None:
    candles = synthetic_candles(1, 1000)
    instants, rates = synthetic_funding(candles, 1)

    assert instants[0] == candles.time[0]
    assert instants[-1] <= candles.close_time[-1] < instants[-1] + 8 * HOUR
    assert set(np.diff(instants)) == {8 * HOUR}
    assert np.abs(rates).max() <= 0.00375
    assert rates.std() > 0


def test_funding_knows_no_later_bar() -> None:
    candles = synthetic_candles(1, 1000)
    instants, rates = synthetic_funding(candles, 1)
    close = np.concatenate([candles.close[:500], synthetic_candles(2, 1000).close[500:]])
    mixed = msgspec.structs.replace(candles, close=close)

    early = instants <= candles.close_time[499]
    assert np.array_equal(synthetic_funding(mixed, 1)[1][early], rates[early])


@pytest.mark.parametrize(
    ("bars", "market", "message"),
    [(0, Market(), "of 0 bars cannot be made"), (5, Market(price=1.0, tick=0.1), "tick 0.1 is too coarse")],
)
def test_impossible_market(bars: int, market: Market, message: str) -> None:
    with pytest.raises(InputError, match=message):
        synthetic_candles(1, bars, market)


BARS = {"fixture:market": 6000, "fixture:zigzag": 4000}  # those that longer timeframes have to be made of


@pytest.mark.parametrize("name", fixture_names())
def test_fixture_is_possible_and_always_the_same(name: str) -> None:
    candles = fixture(name)

    assert check(candles) == Checked("1h")
    assert (len(candles), candles.synthetic) == (BARS.get(name, 1500), True)
    assert candles.identity == fixture(name).identity
    assert candles.origin == f"{name}, an invented market"


def test_fixtures_do_what_they_are_called() -> None:
    close = {name.removeprefix("fixture:"): fixture(name).close for name in fixture_names()}

    assert set(close["flat"]) == {100.0}
    assert close["trend_up"][-1] > 2 * close["trend_up"][0]
    assert close["trend_down"][-1] < close["trend_down"][0] / 2
    assert close["wave"].min() > 94 and close["wave"].max() < 106
    assert np.ptp(close["breakout"][:900]) < 2 and close["breakout"][1000] > 110
    assert close["crash"][1030] < 0.7 * close["crash"][1000]
    assert close["v_shape"][750] < 71 and close["v_shape"][-1] > 100


def test_crash_has_a_gap_to_fall_through() -> None:
    candles = fixture("fixture:crash")

    assert candles.open[1001] < 0.96 * candles.close[1000]


def test_unknown_fixture() -> None:
    with pytest.raises(InputError, match=r"^candles 'fixture:moon' are not known; use one of fixture:flat, "):
        fixture("fixture:moon")
