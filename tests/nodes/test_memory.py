"""Nodes that remember, at hand-made rows."""

from typing import Any

import numpy as np
import pytest

from engine.values import UNKNOWN
from nodes.memory.bars_since import BarsSince, BarsSinceState
from nodes.memory.cooldown import Cooldown, CooldownState
from nodes.memory.counter import Counter, CounterState
from nodes.memory.delay import Delay
from nodes.memory.delay_flag import DelayFlag
from nodes.memory.latch import Latch, LatchState

T, F, U = 1, 0, UNKNOWN
NAN = float("nan")


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


LATCH = [
    # set, reset, output
    ([F, T, F, F, T, F], [F, F, F, T, F, F], [F, T, T, F, T, T]),
    ([T, T, F], [T, F, F], [F, T, T]),  # reset wins
    ([U, F, T, F], [F, F, F, F], [U, U, T, T]),  # perhaps set: unknown until it is set for certain
    ([U, F, F], [F, T, F], [U, F, F]),  # ... or reset
    ([T, F, F, T], [F, U, F, F], [T, U, U, T]),  # perhaps reset
    ([F, U], [U, T], [F, F]),  # decided whatever the unknown is
    ([T], [U], [U]),
]


@pytest.mark.parametrize(("put", "reset", "expected"), LATCH)
def test_latch(put: list[int], reset: list[int], expected: list[int]) -> None:
    state, out = Latch().step(LatchState(), flags(*put), flags(*reset))
    assert out.tolist() == expected
    assert state == LatchState(held=expected[-1])


def test_counter() -> None:
    state, out = Counter().step(CounterState(), flags(F, T, T, U, T))
    np.testing.assert_array_equal(out, [0, 1, 2, NAN, 3])
    assert state == CounterState(count=3)
    state, out = Counter().step(state, flags(T, T, U, T, T), flags(F, T, T, F, U))
    np.testing.assert_array_equal(out, [4, 0, 0, 1, NAN])
    assert state == CounterState(count=2)


def test_cooldown() -> None:
    state, out = Cooldown(bars=2).step(CooldownState(), flags(F, T, T, U, T, T, F, F, U, T))
    assert out.tolist() == [F, T, F, F, T, F, F, F, U, T]
    assert state == CooldownState(left=2)
    assert Cooldown(bars=2).step(state, flags(T, T, T))[1].tolist() == [F, F, T]


def test_bars_since() -> None:
    state, out = BarsSince().step(BarsSinceState(), flags(F, F, T, F, U, F, T, T))
    np.testing.assert_array_equal(out, [NAN, NAN, 0, 1, NAN, 3, 0, 0])
    assert state == BarsSinceState(since=0)


def test_delay() -> None:
    np.testing.assert_array_equal(Delay().compute(np.array([1.0, NAN, 3.0])), [NAN, 1, NAN])
    assert DelayFlag().compute(flags(T, U, F)).tolist() == [U, T, U]
    assert Delay.breaks_cycle and DelayFlag.breaks_cycle
