"""Small invented markets with a name, for tests that stand in graph documents: bars of 1h, the same for ever.

Some names stand for two markets at once, for graphs that trade a pair.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from engine.candles import Candles, FloatColumn, make_candles
from engine.errors import InputError
from engine.sim.synthetic import Market, synthetic_candles
from engine.timeframe import HOUR

PREFIX = "fixture:"
BARS = 1500
LONG = 6000  # bars of the markets made by chance: enough for an average of 200 bars on a higher timeframe
START = 1_704_067_200_000  # 2024-01-01 00:00 UTC
_TICK = 0.01
_BAR = np.arange(BARS, dtype=np.float64)


def fixture(name: str) -> Candles:
    """The candles called `fixture:flat`, `fixture:wave`, …  Raises InputError for an unknown name."""
    key = name.removeprefix(PREFIX)
    if key in _SEEDS:
        origin = f"{PREFIX}{key}, an invented market"
        market = Market(symbol="FIXTURE", start=START, price=100.0, tick=_TICK, volume=2000.0)
        return msgspec.structs.replace(synthetic_candles(_SEEDS[key], LONG, market), origin=origin)
    if key not in _CLOSES:
        raise InputError(f"candles {name!r} are not known; use one of {', '.join(fixture_names())}")
    return _market("FIXTURE", key, _CLOSES[key]())


def fixture_pair(name: str, symbol: str) -> tuple[Candles, Candles]:
    """The two markets called `fixture:pair`, …, the second under a symbol.  Raises InputError for an unknown name."""
    key = name.removeprefix(PREFIX)
    if key not in _PAIRS:
        known = ", ".join(pair_names())
        raise InputError(f"candles {name!r} are not known as two markets for a graph with a pair; use one of {known}")
    # So much is traded that the whole of both legs is filled in one bar.
    return _market("FIXTURE", key, _pair_main(), 1000), _market(symbol, f"{key}, its pair", _PAIRS[key](), 1000)


def _market(symbol: str, key: str, close: FloatColumn, traded: float = 1) -> Candles:
    close = np.round(close, 2)
    first = np.concatenate([close[:1], close[:-1]])
    if key == "crash":  # bars that open below the close before them: a stop cannot fill at its price there
        first[[1001, 1011]] = np.round(first[[1001, 1011]] * 0.95, 2)
    wick = 0.0 if key == "flat" else 0.0005
    return make_candles(
        symbol,
        "1h",
        origin=f"{PREFIX}{key}, an invented market",
        synthetic=True,
        time=START + HOUR * np.arange(len(close)),
        open=first,
        high=np.round(np.maximum(first, close) * (1 + wick), 2),
        low=np.round(np.minimum(first, close) * (1 - wick), 2),
        close=close,
        volume=traded * np.round(100 + 50_000 * np.abs(np.log(close / first)), 3),
    )


def fixture_names() -> tuple[str, ...]:
    """All names `fixture` knows."""
    return tuple(PREFIX + key for key in (*_CLOSES, *_SEEDS))


def pair_names() -> tuple[str, ...]:
    """All names `fixture_pair` knows."""
    return tuple(PREFIX + key for key in _PAIRS)


def _ripple() -> FloatColumn:
    """Small swings around 1, two periods that do not fit together."""
    return 1 + 0.003 * np.sin(_BAR / 24 * 2 * np.pi) + 0.0015 * np.sin(_BAR / 7.3 * 2 * np.pi)


def _flat() -> FloatColumn:
    return np.full(BARS, 100.0)


def _trend_up() -> FloatColumn:
    return 100 * np.exp(0.0006 * _BAR) * _ripple()


def _trend_down() -> FloatColumn:
    return 100 * np.exp(-0.0006 * _BAR) * _ripple()


def _wave() -> FloatColumn:
    return 100 * (1 + 0.05 * np.sin(_BAR / 100 * 2 * np.pi)) * _ripple()


def _breakout() -> FloatColumn:
    """900 bars between 99 and 101, then 12 % up within 100 bars, then slowly on."""
    sideways = 1 + 0.007 * np.sin(_BAR / 40 * 2 * np.pi)
    rise = np.interp(_BAR, [0, 900, 1000, BARS], [0.0, 0.0, 0.12, 0.2])
    return 100 * (1 + rise) * np.where(_BAR < 900, sideways, 1.0) * (1 + 0.3 * (_ripple() - 1))


def _crash() -> FloatColumn:
    """Slowly up for 1,000 bars, a third lost within 30 bars, then a slow half recovery."""
    level = np.interp(_BAR, [0, 1000, 1030, BARS], [100.0, 120.0, 80.0, 100.0])
    return level * _ripple()


def _v_shape() -> FloatColumn:
    level = np.interp(_BAR, [0, BARS / 2, BARS], [100.0, 70.0, 105.0])
    return level * _ripple()


def _triangle(bar: FloatColumn, period: float) -> FloatColumn:
    """From 1 down to -1 and back in a period, in straight lines."""
    return 4 * np.abs(bar / period % 1 - 0.5) - 1


def _zigzag() -> FloatColumn:
    """Legs between two levels that drift slowly: areas at which the market turns again and again, 4,000 bars."""
    bar = np.arange(4000, dtype=np.float64)
    legs = 0.04 * _triangle(bar, 143) + 0.003 * _triangle(bar, 30) + 0.004 * _triangle(bar, 6)
    return 100 * (1 + legs + 0.03 * _triangle(bar, 2000))


_CLOSES: dict[str, Callable[[], FloatColumn]] = {
    "flat": _flat,
    "trend_up": _trend_up,
    "trend_down": _trend_down,
    "wave": _wave,
    "breakout": _breakout,
    "crash": _crash,
    "v_shape": _v_shape,
    "zigzag": _zigzag,
}

# A market by chance, with wicks, gaps and regimes: what candlestick patterns and volume are made of.
_SEEDS = {"market": 1}


def _pair_main() -> FloatColumn:
    return 100 * np.exp(0.0002 * _BAR) * (1 + 0.04 * np.sin(_BAR / 310 * 2 * np.pi)) * _ripple()


def _pulses(length: float) -> FloatColumn:
    """A push every 90 bars, up and down in turn, that fades with a half-life of `length` bars."""
    since = _BAR % 90
    side = np.where(_BAR // 90 % 2 == 0, 1.0, -1.0)
    return side * np.minimum(since, 1.0) * 0.5 ** (np.maximum(since - 1, 0) / length)


def _spread() -> FloatColumn:
    """What comes back: quick swings, and pushes that are worth a trade."""
    swings = 0.3 * np.sin(_BAR / 9.7 * 2 * np.pi) + 0.25 * np.sin(_BAR / 5.3 * 2 * np.pi)
    return swings + 1.75 * _pulses(5.0)


def _pair() -> FloatColumn:
    """Half the main market and a spread that comes back."""
    return 20 + 0.5 * _pair_main() + _spread()


def _pair_inverse() -> FloatColumn:
    """The pair falls when the main market rises."""
    return 150 - 0.5 * _pair_main() + _spread()


def _pair_breaks() -> FloatColumn:
    """The pair until bar 992, when the spread, pushed down, goes on falling and never comes back."""
    return _pair() - np.interp(_BAR, [992, 1040], [0.0, 12.0])


def _pair_quiet() -> FloatColumn:
    """Half the main market and one steady swing, which never goes two standard deviations away."""
    return 20 + 0.5 * _pair_main() + 0.5 * np.sin(_BAR / 9.7 * 2 * np.pi)


_PAIRS: dict[str, Callable[[], FloatColumn]] = {
    "pair": _pair,
    "pair_inverse": _pair_inverse,
    "pair_breaks": _pair_breaks,
    "pair_quiet": _pair_quiet,
}
