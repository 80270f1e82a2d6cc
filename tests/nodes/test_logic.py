"""Kleene's truth tables, and flags made from numbers, at their exact boundaries."""

from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest

from engine.values import UNKNOWN

T, F, U = 1, 0, UNKNOWN
NAN = float("nan")


def make(tag: str, **params: Any) -> Any:
    """`and`, `or` and `not` are no names Python could import, so all nodes come by their tag."""
    module = import_module(f"nodes.{tag}")
    return next(c for c in vars(module).values() if getattr(c, "__module__", "") == module.__name__)(**params)


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


def numbers(*values: float) -> Any:
    return np.array(values, float)


PAIRS = list(product((T, F, U), repeat=2))
TABLES = {
    #              TT TF TU FT FF FU UT UF UU
    "logic.and": [T, F, U, F, F, F, U, F, U],
    "logic.or": [T, T, T, T, F, U, T, U, U],
    "logic.xor": [F, T, U, T, F, U, U, U, U],
}


@pytest.mark.parametrize("tag", TABLES)
def test_truth_tables(tag: str) -> None:
    a, b = flags(*(p[0] for p in PAIRS)), flags(*(p[1] for p in PAIRS))
    out = make(tag).compute(a, b)
    assert out.tolist() == TABLES[tag]
    assert out.dtype == np.int8


def test_not() -> None:
    assert make("logic.not").compute(flags(T, F, U)).tolist() == [F, T, U]


def test_and_or_with_more_inputs() -> None:
    rows = list(product((T, F, U), repeat=4))
    a, b, c, d = (flags(*(r[i] for r in rows)) for i in range(4))
    conjunction = [F if F in r else U if U in r else T for r in rows]
    disjunction = [T if T in r else U if U in r else F for r in rows]
    assert make("logic.and").compute(a, b, c, d).tolist() == conjunction
    assert make("logic.or").compute(a, b, c, d).tolist() == disjunction
    assert make("logic.and").compute(flags(T, T), flags(T, T), d=flags(F, U)).tolist() == [F, U]


@pytest.mark.parametrize(
    ("tag", "expected"), [("compare.greater", [F, F, T, U, U, U]), ("compare.less", [T, F, F, U, U, U])]
)
def test_greater_less(tag: str, expected: list[int]) -> None:
    out = make(tag).compute(numbers(1, 2, 3, NAN, 1, NAN), numbers(2, 2, 2, 2, NAN, NAN))
    assert out.tolist() == expected


def test_levels_do_not_belong_to_above_and_below_but_to_between() -> None:
    a = numbers(29, 30, 50, 70, 71, NAN)
    assert make("compare.above_level", level=70.0).compute(a).tolist() == [F, F, F, F, T, U]
    assert make("compare.below_level", level=30.0).compute(a).tolist() == [T, F, F, F, F, U]
    assert make("compare.between", low=30.0, high=70.0).compute(a).tolist() == [F, T, T, T, F, U]
    assert make("compare.between", low=2.0, high=1.0).check() == "low is above high"


CROSSES = [
    # a before, a now, b before, b now, crossed above
    (1, 3, 2, 2, T),
    (2, 3, 2, 2, T),  # from the line itself
    (1, 2, 2, 2, F),  # only to the line
    (2, 2, 2, 2, F),
    (3, 4, 2, 2, F),  # already above
    (3, 1, 2, 2, F),
    (1, 1, 2, 0, T),  # the line moved
    (NAN, 3, 2, 2, U),
    (1, NAN, 2, 2, U),
    (1, 3, NAN, 2, U),
    (1, 3, 2, NAN, U),
]


@pytest.mark.parametrize(("a0", "a1", "b0", "b1", "crossed"), CROSSES)
def test_crosses(a0: float, a1: float, b0: float, b1: float, crossed: int) -> None:
    a, b = numbers(a0, a1), numbers(b0, b1)
    assert make("compare.cross_above").compute(a, b).tolist() == [U, crossed]
    assert make("compare.cross_below").compute(-a, -b).tolist() == [U, crossed]


def test_a_cross_that_touches_the_line_fires_once() -> None:
    a, b = numbers(1, 2, 2, 3, 4), numbers(2, 2, 2, 2, 2)
    assert make("compare.cross_above").compute(a, b).tolist() == [U, F, F, T, F]


def test_rising_and_falling() -> None:
    a = numbers(1, 2, 2, 1, NAN, 3, 4)
    assert make("compare.rising").compute(a).tolist() == [U, T, F, F, U, U, T]
    assert make("compare.falling").compute(a).tolist() == [U, F, F, T, U, U, F]
    assert make("compare.rising", bars=2).compute(a).tolist() == [U, U, T, F, U, T, U]
    assert make("compare.rising", bars=9).compute(a).tolist() == [U] * 7
    assert make("compare.rising", bars=9).lookback() == 10


def test_arithmetic() -> None:
    a, b = numbers(6, -3, 1, 0, NAN), numbers(2, 2, 0, 0, 1)
    expected = {
        "add": [8, -1, 1, 0, NAN],
        "subtract": [4, -5, 1, 0, NAN],
        "multiply": [12, -6, 0, 0, NAN],
        "divide": [3, -1.5, NAN, NAN, NAN],
        "minimum": [2, -3, 0, 0, NAN],
        "maximum": [6, 2, 1, 0, NAN],
    }
    for name, column in expected.items():
        np.testing.assert_array_equal(make(f"math.{name}").compute(a, b), column, err_msg=name)
    np.testing.assert_array_equal(make("math.absolute").compute(b - 1), [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(make("math.minimum").compute(b, a)[4:], [NAN])
    constant = make("math.constant", value=1.5).compute(a)
    assert constant.tolist() == [1.5] * 5
    assert constant.strides == (0,)  # without memory
