"""The stated distance is true: a number moved by it, and by a hair more, makes the condition fire."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine.explain import Explainer
from engine.explain.pace import WINDOW, usual_move
from engine.explain.wording import pair, plain
from tests.engine.explain.small import ran

laws = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
prices = st.lists(st.integers(50, 150), min_size=6, max_size=20)
A = ["candles.close > c.a", "c.out > entry.enter_long"]
B = [*A, "b.out > c.b", "candles.close > b.like"]
GRAPHS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "above": ("compare.above_level", {"level": 100.5}, A),
    "below": ("compare.below_level", {"level": 99.5}, A),
    "between": ("compare.between", {"low": 99.0, "high": 101.0}, A),
    "rising": ("compare.rising", {"bars": 3}, A),
    "falling": ("compare.falling", {"bars": 2}, A),
    "greater": ("compare.greater", {}, B),
    "less": ("compare.less", {}, B),
    "cross_above": ("compare.cross_above", {}, B),
    "cross_below": ("compare.cross_below", {}, B),
}


@pytest.mark.parametrize("name", GRAPHS)
@laws
@given(closes=prices)
def test_moving_by_the_distance_fires(name: str, closes: list[int]) -> None:
    tag, params, wires = GRAPHS[name]
    nodes: dict[str, Any] = {"c": (tag, params)}
    if "b.out > c.b" in wires:
        nodes["b"] = ("math.constant", {"value": 100.5})
    moved = np.array(closes, float)
    explainer = Explainer(ran(nodes, wires, moved))
    (long, _) = explainer.at(len(moved) - 1).sides
    assume(not long.met)
    assert long.conditions
    for condition in long.conditions:
        assert condition.value is not None and condition.needed is not None and condition.percent is not None
        past = condition.sentence.startswith("one bar before")
        away = condition.needed - condition.value
        assert condition.percent == pytest.approx(100 * away / condition.value)
        way = 1 if "above" in condition.sentence else -1
        moved[-2 if past else -1] += away * (1 + 1e-9) + way * 1e-9
    after = Explainer(ran(nodes, wires, moved)).at(len(moved) - 1)
    assert after.sides[0].met
    assert after.decided is not None and after.decided.side == "long"


@laws
@given(closes=st.lists(st.integers(1, 40), min_size=2, max_size=300), unknown=st.sets(st.integers(0, 299), max_size=5))
def test_usual_move_is_the_median_change(closes: list[int], unknown: set[int]) -> None:
    """Against the definition, at every bar, with holes."""
    column = np.array(closes, float)
    column[[i for i in unknown if i < len(column)]] = np.nan
    found = usual_move(column)
    for i in range(len(column)):
        changes = np.abs(np.diff(column[max(0, i - WINDOW) : i + 1]))
        changes = changes[~np.isnan(changes)]
        expected = np.median(changes) if len(changes) else np.nan
        if expected == 0:
            expected = changes.mean() or np.nan
        assert found[i] == pytest.approx(expected, nan_ok=True)


def test_usual_move_looks_back_only() -> None:
    column = np.cumsum(np.random.default_rng(1).normal(size=500))
    assert np.array_equal(usual_move(column)[:300], usual_move(column[:300]), equal_nan=True)


@given(value=st.floats(-1e9, 1e9), level=st.floats(-1e9, 1e9))
def test_two_numbers_are_told_apart(value: float, level: float) -> None:
    a, b = pair(value, level)
    assert (a == b) == (value == level)


@pytest.mark.parametrize(
    ("value", "text"),
    [(43123.456, "43,123.46"), (30.0, "30"), (31.2, "31.2"), (9.87654, "9.8765"), (0.0123456, "0.012346"), (0.0, "0"),
     (-2.5, "-2.5"), (1234567.0, "1,234,567"), (1.5e-12, "1.5e-12"), (float("nan"), "unknown")],
)  # fmt: skip
def test_numbers_for_people(value: float, text: str) -> None:
    assert plain(value) == text
