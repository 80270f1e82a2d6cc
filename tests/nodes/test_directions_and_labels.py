"""Directions, labels and what is kept of them: what each of the small nodes says at each of their values."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from engine.errors import NodeError
from engine.registry import Registry
from engine.validate import validate
from engine.values import UNKNOWN, Labels
from nodes.direction.flip import Flip
from nodes.direction.from_flags import FromFlags
from nodes.direction.is_down import IsDown
from nodes.direction.is_up import IsUp
from nodes.direction.to_number import ToNumber
from nodes.label.changed import Changed
from nodes.math.percent_of import PercentOf
from nodes.memory.hold import Hold, HoldState
from nodes.memory.within import Within
from nodes.signal.parts import PartsOf
from tests.engine.documents import graph as graph_of
from tests.engine.documents import patched, plain
from tests.engine.executor import CATALOGUE, graph
from tests.nodes.signals_by_hand import FLAGS, flags, numbers, signal

NODES = Registry()
Is: Any = NODES["label.is"]  # `is` and `in` cannot be imported by name
In: Any = NODES["label.in"]

U = UNKNOWN
NAN = float("nan")
EVERY = flags(1, 0, -1, U)


def regime(*codes: int) -> Labels:
    return Labels(flags(*codes), ("trending", "ranging", "volatile"))


# --- directions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "expected"), [(IsUp(), [1, 0, 0, U]), (IsDown(), [0, 0, 1, U]), (Flip(), [-1, 0, 1, U])]
)
def test_a_direction_is_read_and_turned(node: Any, expected: list[int]) -> None:
    out = node.compute(EVERY)
    assert out.tolist() == expected and out.dtype == np.int8


@pytest.mark.parametrize(
    ("up", "down", "direction"),
    [
        (1, 0, 1),
        (0, 1, -1),
        (1, 1, 0),
        (0, 0, 0),
        (U, 0, U),
        (0, U, U),
        (1, U, U),
        (U, U, U),
        (1, None, 1),
        (U, None, U),
    ],
)
def test_flags_make_a_direction(up: int, down: int | None, direction: int) -> None:
    assert FromFlags().compute(flags(up), None if down is None else flags(down)).tolist() == [direction]


def test_a_direction_becomes_a_number() -> None:
    np.testing.assert_array_equal(ToNumber().compute(EVERY), [1, 0, -1, NAN])
    found = ToNumber().compute(EVERY, numbers(0.5, NAN, 0.25, 1))
    np.testing.assert_array_equal(found, [0.5, NAN, -0.25, NAN])


def test_a_signal_is_taken_apart() -> None:
    parts = PartsOf().compute(signal(1, 0, -1, U, confidence=0.75))
    assert parts.direction.tolist() == [1, 0, -1, U]
    np.testing.assert_array_equal(parts.entry, [100, NAN, 102, NAN])
    np.testing.assert_array_equal(parts.stop, [90, NAN, 112, NAN])
    np.testing.assert_array_equal(parts.target, [120, NAN, 82, NAN])
    np.testing.assert_array_equal(parts.confidence, [0.75, NAN, 0.75, NAN])
    np.testing.assert_array_equal(parts.quality, [0.1, NAN, 0.1, NAN])
    np.testing.assert_array_equal(parts.environment, [0.05, NAN, 0.05, NAN])


CONVERSIONS = {
    "direction.is_up": ("way.out", "entry.enter_long"),
    "direction.to_number": ("way.out", "entry.confidence"),
    "direction.from_flags": ("up.out", "vote.a"),
    "signal.parts": ("entry.out", "vote.a"),
}


@pytest.mark.parametrize("tag", CONVERSIONS)
def test_the_validator_offers_the_node_that_converts(tag: str) -> None:
    nodes = {
        "candles": "source.candles", "up": "compare.rising", "way": "direction.from_flags", "entry": "signal.flags",
        "vote": "combine.vote", "gate": "combine.gate_direction", "size": "size.equity", "order": "order.place",
    }  # fmt: skip
    wires = {
        "up.a": "candles.close", "way.up": "up.out", "entry.enter_long": "up.out", "entry.price": "candles.close",
        "vote.a": "way.out", "gate.direction": "vote.out", "gate.signal": "entry.out", "order.signal": "gate.out",
        "order.size": "size.out",
    }  # fmt: skip
    source, target = CONVERSIONS[tag]
    wires[target] = source
    document = graph(nodes, [f"{start} > {end}" for end, start in wires.items()])
    (issue,) = (i for i in validate(document, CATALOGUE).issues if i.code == "type_mismatch")
    fixed = graph_of(patched(plain(document), issue.fixes[0].patch))
    assert [n.type for n in fixed.nodes][len(nodes) :] == [tag]
    assert validate(fixed, CATALOGUE).ok


# --- labels ----------------------------------------------------------------------------------------------------------


def test_a_label_is_asked_for_a_name() -> None:
    assert Is(name="ranging").compute(regime(0, 1, 2, U)).tolist() == [0, 1, 0, U]
    assert In(names=("ranging", "volatile")).compute(regime(0, 1, 2, U)).tolist() == [0, 1, 1, U]


@pytest.mark.parametrize("node", [Is(name="Trending"), In(names=("trending", "Trending"))])
def test_a_name_the_label_never_has_is_refused(node: Any) -> None:
    with pytest.raises(NodeError, match="never 'Trending'; it is one of trending, ranging, volatile"):
        node.compute(regime(0))


@pytest.mark.parametrize("node", [Is(), In()])
def test_a_label_that_failed_is_unknown(node: Any) -> None:
    assert node.compute(Labels(flags(U, U), ())).tolist() == [U, U]


def test_a_name_is_given_once() -> None:
    assert In(names=("a", "b", "a")).check() == "'a' is named twice"
    assert In().check() is None


def test_the_first_bar_of_another_label_is_a_change() -> None:
    assert Changed().compute(regime(0, 0, 1, 2, 2, U, 2, 2)).tolist() == [U, 0, 1, 1, 0, U, U, 0]


# --- memory and arithmetic -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "bars", "expected"),
    [
        ([1, 0, 0, 0, 0], 2, [1, 1, 1, 0, 0]),
        ([0, 0, 0, 1, 0], 2, [U, U, 0, 1, 1]),  # what was before the first bar is not known
        ([1, U, 0, 0, 0], 2, [1, 1, 1, U, 0]),
        ([U, 1, 0, 0, 0], 1, [U, 1, 1, 0, 0]),
    ],
)
def test_a_flag_is_stretched(given_: list[int], bars: int, expected: list[int]) -> None:
    assert Within(bars=bars).compute(flags(*given_)).tolist() == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(given_=st.lists(FLAGS, max_size=20), bars=st.integers(1, 6))
def test_a_stretched_flag_is_the_or_of_its_window(given_: list[int], bars: int) -> None:
    padded = [U] * bars + given_
    windows = [padded[row : row + bars + 1] for row in range(len(given_))]
    expected = [1 if 1 in w else U if U in w else 0 for w in windows]
    assert Within(bars=bars).compute(flags(*given_)).tolist() == expected


def test_a_number_is_held() -> None:
    a, flag = numbers(1, 2, 3, 4, NAN, 6, 7), flags(0, 1, 0, U, 0, 1, 0)
    state, out = Hold().step(HoldState(), a, flag)
    np.testing.assert_array_equal(out, [NAN, 2, 2, NAN, NAN, 6, 6])
    assert state.held == 6


def test_percent_of() -> None:
    found = PercentOf().compute(numbers(1, 5, NAN, 1, 0), numbers(4, -10, 1, 0, 0))
    np.testing.assert_array_equal(found, [25, -50, NAN, NAN, NAN])
