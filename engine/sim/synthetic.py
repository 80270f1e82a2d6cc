"""An invented market that behaves like one: regimes, fat tails, clustered volatility, volume that follows the clock.

It is for trying things out where no real candles are at hand, and is labelled synthetic wherever it appears.  The
same seed gives the same market.  This is the one place of the engine where chance is allowed.
"""

import msgspec
import numpy as np
from numpy.random import PCG64, Generator  # noqa: TID251  seeded, and handed on as an argument
from numpy.typing import NDArray

from engine.candles import Candles, FloatColumn, TimeColumn, make_candles
from engine.errors import InputError
from engine.timeframe import DAY, HOUR, duration, floor

FUNDING_INTERVAL = 8 * HOUR
START = 1_704_067_200_000  # 2024-01-01 00:00 UTC

REGIMES = ("trend up", "trend down", "range", "volatile")
_DRIFT = np.array([0.06, -0.06, 0.0, 0.0])  # per bar, in units of volatility
_VOLATILITY = np.array([0.8, 1.0, 0.65, 1.6])  # about 1 in the mean square
_NEXT = np.array([[0, 0.25, 0.55, 0.2], [0.25, 0, 0.45, 0.3], [0.4, 0.3, 0, 0.3], [0.3, 0.3, 0.4, 0]])
_STEPS = 6  # prices inside a bar, from which high and low come
_TAIL, _WORST = 5.0, 5.0  # degrees of freedom of the returns; largest factor of a fat one
_PERSISTENCE, _SHOCK = 0.985, 0.065  # of the logarithm of volatility
_BLOCK = 256
_BAND = 8.0  # prices stay between start / 8 and start * 8, being reflected there


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of market to invent; `volatility` is per day, `volume` about the mean per hour in base currency."""

    symbol: str = "SYNTHUSDT"
    timeframe: str = "1h"
    start: int = START
    price: float = 40_000.0
    tick: float = 0.1
    step: float = 0.001
    volatility: float = 0.03
    volume: float = 500.0
    regime_bars: float = 150.0


def synthetic_candles(seed: int, bars: int, market: Market | None = None) -> Candles:
    """A market of `bars` closed bars.  Raises InputError if bars < 1, or the tick is too coarse for the price."""
    market = market or Market()
    if bars < 1:
        raise InputError(f"a synthetic market of {bars} bars cannot be made; ask for at least 1")
    if market.price / _BAND < 100 * market.tick:
        raise InputError(f"tick {market.tick} is too coarse for a price of {market.price}; use a finer one")
    random = Generator(PCG64(seed))
    length = duration(market.timeframe)
    time = floor(market.start, market.timeframe) + length * np.arange(bars, dtype=np.int64)
    regime, run = _regimes(random, bars, market.regime_bars)
    clock = _intraday(time, length)
    sigma = market.volatility * np.sqrt(length / DAY) * _VOLATILITY[regime] * np.sqrt(clock)
    sigma *= np.exp(_clustered(random, bars)) * _fat(random, bars)
    moves = random.standard_normal((bars, _STEPS)) * (sigma / np.sqrt(_STEPS))[:, None]
    moves += (_DRIFT[regime] * sigma / _STEPS)[:, None]
    _hold_ranges(moves, regime, run)
    prices = _prices(random, moves, market)
    heat = np.abs(np.log(prices["close"] / prices["open"])) / np.median(sigma)
    volume = market.volume * length / HOUR * clock * (0.3 + 0.6 * heat) * np.exp(0.4 * random.standard_normal(bars))
    return make_candles(
        market.symbol,
        market.timeframe,
        origin=f"synthetic market, seed {seed}",
        synthetic=True,
        time=time,
        volume=_whole(np.maximum(volume, market.step), market.step),
        **prices,
    )


def synthetic_funding(candles: Candles, seed: int) -> tuple[TimeColumn, FloatColumn]:
    """Rates every 8 h while the candles last, leaning to the side the market has moved to over the last day."""
    random = Generator(PCG64([seed, 1]))
    first, last = int(candles.time[0]), int(candles.time[-1]) + candles.bar_ms
    time = np.arange(-(-first // FUNDING_INTERVAL), last // FUNDING_INTERVAL + 1, dtype=np.int64) * FUNDING_INTERVAL
    known = np.searchsorted(candles.close_time, time, side="right") - 1  # only bars closed by then
    before = np.searchsorted(candles.close_time, time - DAY, side="right") - 1
    lean = np.log(candles.close[np.maximum(known, 0)] / candles.close[np.maximum(before, 0)])
    rate = 0.0001 + 0.004 * lean + 0.00005 * random.standard_normal(len(time))
    return time, np.round(np.clip(rate, -0.00375, 0.00375), 8)


def _regimes(random: Generator, bars: int, mean: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Regime of each bar and the first bar of each run: a Markov chain written as runs of geometric length."""
    count = max(16, int(2 * bars / mean) + 16)
    lengths = random.geometric(1 / mean, count)
    while lengths.sum() < bars:
        lengths = np.concatenate([lengths, random.geometric(1 / mean, count)])
    chance, odds = random.random(len(lengths)), np.cumsum(_NEXT, axis=1)
    state, states = 2, np.empty(len(lengths), np.int64)
    for i in range(len(lengths)):
        states[i] = state
        state = min(int(np.searchsorted(odds[state], chance[i], side="right")), len(REGIMES) - 1)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.repeat(states, lengths)[:bars], starts[starts < bars]


def _intraday(time: TimeColumn, length: int) -> FloatColumn:
    """How busy the market is at this time of day, 1 on average: quiet at 4:00, busiest at 15:00 UTC."""
    if length >= DAY:
        return np.ones(len(time))
    hour = (time % DAY) / HOUR
    return 1 + 0.35 * np.cos(2 * np.pi * (hour - 15) / 24) + 0.2 * np.cos(4 * np.pi * (hour - 15) / 24)


def _clustered(random: Generator, bars: int) -> FloatColumn:
    """A slow AR(1) series, in blocks so that numpy does the work; its exponential is 1 in the mean square."""
    blocks = -(-bars // _BLOCK)
    weight = _PERSISTENCE ** np.arange(1, _BLOCK + 1)
    shocks = _SHOCK * random.standard_normal((blocks, _BLOCK))
    series = np.cumsum(shocks / weight, axis=1) * weight
    carried = 0.0
    for i in range(blocks):
        series[i] += carried * weight
        carried = series[i, -1]
    return series.ravel()[:bars] - _SHOCK**2 / (1 - _PERSISTENCE**2)


def _fat(random: Generator, bars: int) -> FloatColumn:
    """Factors that turn normal returns into Student-t ones of about the same variance."""
    return np.minimum(np.sqrt((_TAIL - 2) / random.chisquare(_TAIL, bars)), _WORST)


def _hold_ranges(moves: FloatColumn, regime: NDArray[np.int64], run: NDArray[np.int64]) -> None:
    """Takes most of the net move out of runs of the range regime, so that they come back to where they began."""
    net = np.add.reduceat(moves.sum(axis=1), run)
    bars = np.diff(np.append(run, len(moves)))
    excess = np.where(regime[run] == 2, 0.8 * net / bars, 0.0)
    moves -= (np.repeat(excess, bars) / _STEPS)[:, None]


def _prices(random: Generator, moves: FloatColumn, market: Market) -> dict[str, FloatColumn]:
    """Bars around the path of all steps; one open in fifty jumps away from the close before it."""
    path = _reflected(np.cumsum(moves.ravel())).reshape(moves.shape)
    close = path[:, -1]
    first = np.concatenate([[0.0], close[:-1]])
    jump = random.random(len(moves)) < 0.02
    first = first + np.where(jump, 0.1 * moves[:, 0], 0.0)
    columns = {
        "open": first,
        "high": np.maximum(first, path.max(axis=1)),
        "low": np.minimum(first, path.min(axis=1)),
        "close": close,
    }
    return {name: _whole(market.price * np.exp(column), market.tick) for name, column in columns.items()}


def _reflected(path: FloatColumn) -> FloatColumn:
    """The path folded into the band of `_BAND`, steps keeping their size."""
    width = np.log(_BAND)
    return np.abs((path - width) % (4 * width) - 2 * width) - width


def _whole(values: FloatColumn, step: float) -> FloatColumn:
    """Whole multiples of `step`, as the nearest decimal: 0.3, not 0.30000000000000004."""
    inverse = round(1 / step)
    if inverse >= 1 and abs(inverse * step - 1) < 1e-9:
        return np.rint(values * inverse) / inverse
    return np.rint(values / step) * step
