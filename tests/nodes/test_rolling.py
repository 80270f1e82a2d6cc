"""Window statistics against plain numpy, window by window."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from nodes.rolling.max import Max
from nodes.rolling.mean import Mean
from nodes.rolling.min import Min
from nodes.rolling.percentile import Percentile
from nodes.rolling.percentile_rank import PercentileRank
from nodes.rolling.sum import Sum

NAN = float("nan")

few = st.sampled_from([1.0, 2.0, 3.0])  # many equal values
some = st.floats(-1e6, 1e6, allow_subnormal=False)
columns = st.lists(st.one_of(few, some, st.just(NAN)), max_size=40).map(lambda x: np.array(x, float))
nearly_known = st.lists(st.one_of(few, some), max_size=40).map(lambda x: np.array(x, float))


def by_window(column: Any, length: int, of: Callable[[Any], float]) -> Any:
    out = np.full(len(column), NAN)
    for i in range(length - 1, len(column)):
        window = column[i - length + 1 : i + 1]
        if not np.isnan(window).any():
            out[i] = of(window)
    return out


REFERENCE: dict[type, Callable[[Any], float]] = {
    Min: np.min,
    Max: np.max,
    Sum: np.sum,
    Mean: np.mean,
    PercentileRank: lambda w: np.mean(w <= w[-1]),
}


@pytest.mark.parametrize("cls", REFERENCE)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(column=st.one_of(columns, nearly_known), length=st.integers(1, 9))
def test_windows(cls: Any, column: Any, length: int) -> None:
    expected = by_window(column, length, REFERENCE[cls])
    np.testing.assert_allclose(cls(length=length).compute(column), expected, rtol=1e-12, atol=1e-8)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(column=st.one_of(columns, nearly_known), length=st.integers(1, 9), percent=st.floats(0, 100))
def test_percentile(column: Any, length: int, percent: float) -> None:
    expected = by_window(column, length, lambda w: float(np.percentile(w, percent)))
    found = Percentile(length=length, percent=percent).compute(column)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


def test_percentiles_at_the_ends_are_the_extremes() -> None:
    column = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    np.testing.assert_array_equal(Percentile(length=3, percent=0.0).compute(column)[2:], [1, 1, 2])
    np.testing.assert_array_equal(Percentile(length=3, percent=50.0).compute(column)[2:], [2, 2, 4])
    np.testing.assert_array_equal(Percentile(length=3, percent=100.0).compute(column)[2:], [3, 5, 5])


def test_an_unknown_or_huge_value_is_forgotten_when_it_leaves_the_window() -> None:
    column = np.array([1.0, 1e300, 1.0, 2.0, 3.0, NAN, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(Sum(length=3).compute(column)[3:], [1e300, 6, NAN, NAN, NAN, 6])
