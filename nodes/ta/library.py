"""The one place that calls pandas-ta, so that the library can be swapped.

Importing pandas-ta costs seconds; it happens at the first call.  Some of its inner steps are replaced then, for the
whole process: with three of them earlier rows depend on later ones, the fourth is slow; each replacement says why.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from engine.candles import FloatColumn, TimeColumn
from nodes.kernels.prices import FloatGrid


def call(
    name: str,
    series: Mapping[str, FloatColumn],
    arguments: Mapping[str, Any],
    columns: Sequence[str],
    times: TimeColumn | None = None,
) -> FloatGrid | None:
    """The named columns of what a function of pandas-ta gives, one per row; None if it gives nothing.

    pandas-ta replaces arguments that it does not like in silence and tells their values in the names of its columns:
    a name that is not there means that something else was computed than was asked for, and is an error.
    `times` (ms UTC) are for functions that follow the calendar.
    """
    named = _named(name, series, arguments, times)
    if named is None:
        return None
    missing = [column for column in columns if column not in named]
    if missing:
        raise ValueError(f"pandas-ta {name} gave {', '.join(named)} where {', '.join(missing)} was asked for")
    return np.stack([named[column].to_numpy(np.float64) for column in columns])


def names(function_name: str, series: Mapping[str, FloatColumn], arguments: Mapping[str, Any]) -> list[str]:
    """Names of the columns a function gives."""
    return list(_named(function_name, series, arguments) or ())


def function(name: str) -> Any:
    """A function of pandas-ta itself."""
    return getattr(_library()[0], name)


def _named(
    name: str, series: Mapping[str, FloatColumn], arguments: Mapping[str, Any], times: TimeColumn | None = None
) -> dict[str, Any] | None:
    """What a function gives, as columns by name."""
    pandas = _library()[1]
    index = None if times is None else pandas.to_datetime(times, unit="ms")
    wrapped = {argument: pandas.Series(column, index) for argument, column in series.items()}
    with np.errstate(all="ignore"):  # what has no value becomes NaN, and that is told in the result
        found = function(name)(**wrapped, **arguments)
    if isinstance(found, tuple):  # ichimoku: the second part is a forecast beyond the last bar
        found = found[0]
    if found is None:
        return None
    return {found.name: found} if isinstance(found, pandas.Series) else dict(found.items())


@cache
def _library() -> tuple[Any, Any]:
    """pandas-ta, mended, and pandas."""
    import pandas
    import pandas_ta

    if not pandas_ta.Imports["talib"]:  # some functions take inner steps from TA-Lib where it is there
        raise ImportError("pandas-ta does not find TA-Lib; install what requirements.lock names")
    mended = {
        "nb_sma": _simple_average, "non_zero_range": _non_zero_range, "tensordot": _tensordot, "weights": _weights,
    }  # fmt: skip
    for name, module in list(sys.modules.items()):
        if name.startswith("pandas_ta."):
            for part in mended.keys() & vars(module).keys():
                setattr(module, part, mended[part])
    inertia: Any = sys.modules["pandas_ta.momentum.inertia"]
    inertia.rvi = _always_a_series(inertia.rvi)
    return pandas_ta, pandas


def _always_a_series(rvi: Any) -> Any:
    """The volatility index, unknown where it gives nothing: a market without a move, at which `inertia` fails."""

    def known_or_not(close: Any, **arguments: Any) -> Any:
        found = rvi(close, **arguments)
        return close * np.nan if found is None else found

    return known_or_not


def _simple_average(values: FloatColumn, length: int) -> FloatColumn:
    """The mean of the last `length` values.

    The original adds up the other way round where there are no more rows than `length`, so that the last digit of the
    first mean changes with the next row; and it gives nothing for a length of 1.
    """
    means = np.full(len(values), np.nan)
    means[length - 1 :] = np.convolve(values, np.full(length, 1.0 / length))[length - 1 : len(values)]
    return means


def _non_zero_range(x: Any, y: Any) -> Any:
    """The difference x - y with the smallest positive step in place of 0.

    The original adds that step to every row as soon as one row, be it a later one, is 0: a look into the future, and
    an error of many percent where prices are small.
    """
    difference = x - y
    return difference.where(difference != 0.0, sys.float_info.epsilon)


def _tensordot(windows: Any, weights: Any, axes: int) -> Any:
    """The weighted sum of every window, one by one.

    The original multiplies all windows at once, and the last digit of a row depends on how many rows follow it.
    """
    return (windows * weights).sum(axis=-axes)


def _weights(weights: Any) -> Any:
    """The function that weighs a window; the original has pandas do it, which takes 20 times as long."""
    return partial(np.dot, np.asarray(weights))
