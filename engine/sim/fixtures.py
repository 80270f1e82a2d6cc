"""Small invented markets with a name, for tests that stand in graph documents: 1,500 bars of 1h, the same for ever."""

from collections.abc import Callable

import numpy as np

from engine.candles import Candles, FloatColumn, make_candles
from engine.errors import InputError
from engine.timeframe import HOUR

PREFIX = "fixture:"
BARS = 1500
START = 1_704_067_200_000  # 2024-01-01 00:00 UTC
_TICK = 0.01
_BAR = np.arange(BARS, dtype=np.float64)


def fixture(name: str) -> Candles:
    """The candles called `fixture:flat`, `fixture:wave`, …  Raises InputError for an unknown name."""
    key = name.removeprefix(PREFIX)
    if key not in _CLOSES:
        known = ", ".join(PREFIX + known for known in _CLOSES)
        raise InputError(f"candles {name!r} are not known; use one of {known}")
    close = np.round(_CLOSES[key](), 2)
    first = np.concatenate([close[:1], close[:-1]])
    if key == "crash":  # bars that open below the close before them: a stop cannot fill at its price there
        first[[1001, 1011]] = np.round(first[[1001, 1011]] * 0.95, 2)
    wick = 0.0 if key == "flat" else 0.0005
    return make_candles(
        "FIXTURE",
        "1h",
        origin=f"{PREFIX}{key}, an invented market",
        synthetic=True,
        time=START + HOUR * np.arange(BARS),
        open=first,
        high=np.round(np.maximum(first, close) * (1 + wick), 2),
        low=np.round(np.minimum(first, close) * (1 - wick), 2),
        close=close,
        volume=np.round(100 + 50_000 * np.abs(np.log(close / first)), 3),
    )


def fixture_names() -> tuple[str, ...]:
    """All names `fixture` knows."""
    return tuple(PREFIX + key for key in _CLOSES)


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


_CLOSES: dict[str, Callable[[], FloatColumn]] = {
    "flat": _flat,
    "trend_up": _trend_up,
    "trend_down": _trend_down,
    "wave": _wave,
    "breakout": _breakout,
    "crash": _crash,
    "v_shape": _v_shape,
}
