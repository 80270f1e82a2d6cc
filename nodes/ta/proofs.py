"""Finds the proof of why a function of pandas-ta is refused; used where the table is made, and by its tests.

All proofs are found on one invented market, so that anybody gets the same figures.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles, FloatColumn, make_candles
from engine.timeframe import HOUR
from nodes.ta import library

ROWS = 1800
START = 1_704_067_200_000  # 2024-01-01
LONG = 600  # bars that a node may be expected to remember at most
_LIKE = 1e-9


@cache
def sample_candles(scene: str = "busy", rows: int = ROWS) -> Candles:
    """Hourly candles that are the same on every machine: the logistic map, which wanders as a market does."""
    x, wild = 0.3, np.empty((rows, 4))
    for row in wild:
        for i in range(4):
            x = 3.99 * x * (1.0 - x)
            row[i] = x
    steps = (wild[:, 0] - wild[:, 0].mean()) / 25.0
    _SCENES[scene](steps)
    close = np.round(100.0 * np.exp(np.cumsum(steps)), 6)
    opened = np.concatenate([[100.0], close[:-1]])
    return make_candles(
        "SAMPLE",
        "1h",
        synthetic=True,
        time=START + HOUR * np.arange(rows),
        open=opened,
        high=np.round(np.maximum(opened, close) * (1.0 + wild[:, 1] / 200.0), 6),
        low=np.round(np.minimum(opened, close) * (1.0 - wild[:, 2] / 200.0), 6),
        close=close,
        volume=np.round(1000.0 * wild[:, 3], 3),
    )


def _busy(steps: FloatColumn) -> None:
    """The market wanders."""


def _calm(steps: FloatColumn) -> None:
    """After row 600 and a fall the market goes straight up, slower and slower."""
    steps[580:600] = -0.02
    steps[600:] = 0.0002 / np.arange(1.0, len(steps) - 599.0)


def _even(steps: FloatColumn) -> None:
    """After row 600 and a fall the market goes up and down by turns."""
    steps[580:600] = -0.02
    steps[600::2] = 0.001
    steps[601::2] = -0.001


def _fall(steps: FloatColumn) -> None:
    """At row 600, in the midst of a rise, the market crashes and then falls steadily."""
    steps[560:600] = 0.01
    steps[600] = -2.0
    steps[601:] = -0.001


def _jump(steps: FloatColumn) -> None:
    """At row 600 the price is five times what it was."""
    steps[600] = np.log(5.0)


def _rise(steps: FloatColumn) -> None:
    """The market rises steadily up to row 200."""
    steps[:200] = 0.001


_SCENES: dict[str, Callable[[FloatColumn], None]] = {
    "busy": _busy, "calm": _calm, "even": _even, "fall": _fall, "jump": _jump, "rise": _rise,
}  # fmt: skip


def scenes() -> dict[str, str]:
    """What happens in the sample candles, by name of the scene."""
    return {name: (scene.__doc__ or "").strip() for name, scene in _SCENES.items()}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a function of pandas-ta on sample candles, of which one column is looked at."""

    function: str
    series: tuple[str, ...]
    params: dict[str, Any]
    column: str
    scene: str = "busy"

    def column_of(self, start: int = 0, stop: int = ROWS) -> FloatColumn:
        """The column for rows `start` to `stop`; NaN if the function gives nothing."""
        candles = sample_candles(self.scene)
        taken = {name: getattr(candles, name.rstrip("_"))[start:stop] for name in self.series}
        times = candles.time[start:stop] if self.function == "pivots" else None
        found = library.call(self.function, taken, self.params, [self.column], times)
        return np.full(stop - start, np.nan) if found is None else found[0]


def prove(call: Call, kind: str) -> dict[str, Any]:
    """Bar, cut and both values of the proof of a refusal.  Raises ValueError if there is none."""
    found = {"future": _future, "past": _past, "wrong": _wrong}[kind](call)
    if found is None:
        raise ValueError(f"no proof that {call.function} is refused for good reason ({kind})")
    return found


def _future(call: Call) -> dict[str, Any] | None:
    """The first bar that has another value once later bars are there."""
    whole = call.column_of()
    for cut in range(30, ROWS, 30):
        part = call.column_of(stop=cut)
        bars = np.flatnonzero(~alike(whole[:cut], part))
        if len(bars):
            bar = int(bars[0])
            return {"bar": bar, "cut": cut, "found": _number(whole[bar]), "expected": _number(part[bar])}
    return None


def _past(call: Call) -> dict[str, Any] | None:
    """The bar that differs most once bars long before it are gone."""
    whole, most, best = call.column_of(), 0.0, None
    for cut in range(60, ROWS - LONG, 60):
        part = call.column_of(start=cut)
        late, again = whole[cut + LONG :], part[LONG:]
        share = np.where(alike(late, again), 0.0, np.abs(late - again) / np.abs(late))
        share[np.isnan(share)] = _LIKE  # one of them is unknown: a bar with two numbers tells more
        bar = cut + LONG + int(share.argmax())
        if share.max() > most:
            most = float(share.max())
            best = {"bar": bar, "cut": cut, "found": _number(whole[bar]), "expected": _number(part[bar - cut])}
    return best


def _wrong(call: Call) -> dict[str, Any] | None:
    """A bar, far from the start, that has another value than the definition says."""
    found, expected = call.column_of(), DEFINITIONS[call.function]()
    bars = LONG + np.flatnonzero(~alike(found[LONG:], expected[LONG:]))
    if not len(bars):
        return None
    bar = int(bars[0])
    return {"bar": bar, "found": _number(found[bar]), "expected": _number(expected[bar])}


def alike(a: FloatColumn, b: FloatColumn) -> Any:
    """Where two columns have the same value, or both none."""
    size = np.maximum(np.abs(a), np.abs(b))
    return (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= _LIKE * size)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.10g}")


# --- definitions, at the params of the refusals -----------------------------------------------------------------------


def _center_of_gravity() -> FloatColumn:
    """Ehlers, Cybernetic Analysis, 2004, chapter 5: - sum of (1 + age) price / sum of price, age 0 being the newest."""
    close = sample_candles().close
    out = np.full(ROWS, np.nan)
    for i in range(9, ROWS):
        window = close[i - 9 : i + 1][::-1]
        out[i] = -(np.arange(1, 11) @ window) / window.sum()
    return out


def _supersmoother(values: FloatColumn, length: int) -> FloatColumn:
    """Ehlers, Cycle Analytics, 2013: the angle is 180 degrees, so pi radians."""
    a = math.exp(-1.414 * math.pi / length)
    b = 2.0 * a * math.cos(1.414 * math.pi / length)
    out = values.copy()
    for i in range(2, len(values)):
        out[i] = 0.5 * (1.0 - b + a * a) * (values[i] + values[i - 1]) + b * out[i - 1] - a * a * out[i - 2]
    return out


def _flex(trend: bool) -> FloatColumn:
    """Ehlers, Reflex: a new zero-lag indicator, Stocks & Commodities, February 2020; length 20."""
    smooth = _supersmoother(sample_candles().close, 10)  # half the length
    out, power = np.full(ROWS, np.nan), 0.0
    for i in range(20, ROWS):
        slope = 0.0 if trend else (smooth[i - 20] - smooth[i]) / 20.0
        total = sum(smooth[i] + k * slope - smooth[i - k] for k in range(1, 21)) / 20.0
        power = 0.04 * total * total + 0.96 * power
        out[i] = total / math.sqrt(power) if power else 0.0
    return out


def _positive_volume_index() -> FloatColumn:
    """Norman Fosback, 1976: changes with the price on days of more volume than the day before, and adds up."""
    candles = sample_candles()
    out = np.full(ROWS, 100.0)
    for i in range(1, ROWS):
        grew = candles.volume[i] > candles.volume[i - 1]
        out[i] = out[i - 1] * (candles.close[i] / candles.close[i - 1] if grew else 1.0)
    return out


def _connors() -> FloatColumn:
    """Larry Connors, 2012: mean of RSI 3 of the close, RSI 2 of the length of its run, and percent rank 100."""
    close = sample_candles().close
    change = np.diff(close, prepend=np.nan) / np.concatenate([[np.nan], close[:-1]])
    run, out = np.zeros(ROWS), np.full(ROWS, np.nan)
    for i in range(1, ROWS):
        sign = np.sign(close[i] - close[i - 1])
        run[i] = run[i - 1] + sign if sign * run[i - 1] >= 0 else sign
    quick, streak = _wilder_rsi(close, 3), _wilder_rsi(run, 2)
    for i in range(101, ROWS):
        out[i] = (quick[i] + streak[i] + np.mean(change[i - 100 : i] < change[i]) * 100.0) / 3.0
    return out


def _wilder_rsi(values: FloatColumn, length: int) -> FloatColumn:
    out, up, down = np.full(len(values), np.nan), 0.0, 0.0
    for i in range(1, len(values)):
        step = values[i] - values[i - 1]
        up += (max(step, 0.0) - up) / min(i, length)
        down += (max(-step, 0.0) - down) / min(i, length)
        out[i] = 100.0 * up / (up + down) if up + down else np.nan
    return out


def _psar_of_long() -> FloatColumn:
    """Our own node, which equals TA-Lib SAR."""
    from nodes.indicator.psar import Psar, PsarState

    lines = Psar().step(PsarState(), sample_candles())[1]
    return np.where(lines.direction == 1, lines.line, np.nan)


def _supertrend() -> FloatColumn:
    """Our own node, which follows the rule of TradingView."""
    from nodes.indicator.supertrend import Supertrend, SupertrendState

    return Supertrend(length=7, multiple=1.0).step(SupertrendState(), sample_candles())[1].line


def _weighted_close() -> FloatColumn:
    candles = sample_candles()
    return (candles.high + candles.low + 2.0 * candles.close) / 4.0


def _triangular_average() -> FloatColumn:
    """Weights 1 2 3 4 5 5 4 3 2 1."""
    weights = np.array([1, 2, 3, 4, 5, 5, 4, 3, 2, 1]) / 30.0
    out = np.full(ROWS, np.nan)
    out[9:] = np.convolve(sample_candles().close, weights, "valid")
    return out


def _adaptive_average() -> FloatColumn:
    """TA-Lib MAMA, which follows Ehlers, Rocket Science for Traders, 2001."""
    params = {"fastlimit": 0.5, "slowlimit": 0.05, "prenan": 3, "talib": True}
    return Call(function="mama", series=("close",), params=params, column="MAMA_0.5_0.05").column_of()


DEFINITIONS: dict[str, Callable[[], FloatColumn]] = {
    "cg": _center_of_gravity,
    "crsi": _connors,
    "mama": _adaptive_average,
    "psar": _psar_of_long,
    "pvi": _positive_volume_index,
    "reflex": lambda: _flex(trend=False),
    "ssf": lambda: _supersmoother(sample_candles().close, 20),
    "supertrend": _supertrend,
    "trendflex": lambda: _flex(trend=True),
    "trima": _triangular_average,
    "wcp": _weighted_close,
}
