"""Second opinions, curves and weights: what becomes of the confidence of a signal."""

from typing import Any

import numpy as np
import pytest

from engine.values import UNKNOWN
from nodes.confidence.curve import Curve
from nodes.confidence.from_numbers import FromNumbers
from nodes.confidence.scale import Scale
from nodes.confidence.set import Set
from tests.nodes.signals_by_hand import flags, numbers, signal

U = UNKNOWN
NAN = float("nan")

OPINIONS = [
    # side, confidence, opinion, strength -> confidence, verdict; factors 1.2 and 0.8, cap 1, floor 0.1, minimum 0.6
    (1, 0.5, 1, 0.9, 0.6, "agrees"),
    (1, 0.9, 1, 0.9, 1.0, "agrees"),  # capped
    (1, 0.5, -1, 0.9, 0.4, "disagrees"),
    (-1, 0.5, -1, 0.61, 0.6, "agrees"),
    (-1, 0.5, 1, 0.9, 0.4, "disagrees"),
    (1, 0.11, -1, 0.9, 0.1, "disagrees"),  # floored
    (1, 0.05, -1, 0.9, 0.05, "disagrees"),  # the floor does not raise
    (1, 0.5, 0, 0.9, 0.5, "neutral"),  # a neutral opinion changes nothing
    (1, 0.5, 1, 0.6, 0.5, "neutral"),  # not above the minimum
    (1, 0.5, -1, 0.2, 0.5, "neutral"),
    (1, 0.5, U, 0.9, 0.5, "no_opinion"),
    (1, 0.5, 1, NAN, 0.5, "no_opinion"),
    (0, 0.5, 1, 0.9, 0.5, "no_trade"),
    (U, 0.5, 1, 0.9, 0.5, None),
]


@pytest.mark.parametrize(("side", "before", "opinion", "strength", "after", "verdict"), OPINIONS)
def test_a_second_opinion(
    side: int, before: float, opinion: int, strength: float, after: float, verdict: str | None
) -> None:
    said, way = signal(side, confidence=before), flags(opinion)
    scaled = Scale(effect="scale").compute(said, way, numbers(strength))
    assert scaled.out.confidence[0] == pytest.approx(after, rel=1e-12)
    assert scaled.out.direction.tolist() == [side]
    for effect in ("annotate", "veto"):
        found = Scale(effect=effect).compute(said, way, numbers(strength))
        assert found.verdict.at(0) == scaled.verdict.at(0) == verdict
        assert found.out.confidence[0] == before
        assert found.out.direction[0] == (0 if effect == "veto" and verdict == "disagrees" else side)


def test_the_preset_only_tells() -> None:
    assert Scale().effect == "annotate" and Scale().if_unknown == "continue_without"


def test_a_trade_may_need_an_opinion() -> None:
    found = Scale(if_unknown="unknown").compute(signal(1, 1, 0, U), flags(U, 1, U, U))
    assert found.out.direction.tolist() == [U, 1, 0, U]


def test_a_cap_below_a_confidence_does_not_lower_it() -> None:
    said = signal(1, 1, confidence=[0.95, 0.8])
    found = Scale(effect="scale", cap=0.9).compute(said, flags(1, 1))
    np.testing.assert_allclose(found.out.confidence, [0.95, 0.9])
    assert found.out.reasons == ("test", "confidence.scale")
    assert Scale(cap=0.1, floor=0.2).check() is not None


@pytest.mark.parametrize(
    ("confidence", "weight"),
    [(0.0, 0.8), (0.70, 0.8), (0.775, 1.0), (0.8125, 1.1), (0.85, 1.2), (1.0, 1.2), (NAN, NAN)],
)
def test_the_weight_of_a_confidence(confidence: float, weight: float) -> None:
    np.testing.assert_allclose(Curve().compute(numbers(confidence)), [weight], rtol=1e-12)


def test_a_curve_may_fall_but_its_thresholds_rise() -> None:
    falls = Curve(low=1.0, high=3.0, low_weight=2.0, high_weight=0.5)
    assert falls.compute(numbers(0, 1, 2, 3, 4)).tolist() == [2, 2, 1.25, 0.5, 0.5]
    assert Curve(low=0.5, high=0.5).check() is not None


MEANS: list[tuple[list[float], dict[str, Any], float]] = [
    ([1.0, 0.5, 0.5], {}, 0.7),  # 0.40 + 0.125 + 0.175
    ([1.0, 0.5], {}, 0.525 / 0.65),  # the weights of what is connected
    ([0.2, NAN, 0.2], {}, NAN),  # missing is not one half
    ([0.2, NAN, 0.4], {"if_unknown": "leave_out"}, 0.22 / 0.75),
    ([NAN, NAN, NAN], {"if_unknown": "leave_out"}, NAN),
    ([1.5, -1.0, 0.0], {}, 0.4),  # outside 0 to 1
    ([0.5, 0.5, 0.5, NAN], {}, 0.5),  # d has no weight
    ([0.5, 0.5, 0.5, 1.0], {"weight_d": 1.0}, 0.75),
]


@pytest.mark.parametrize(("values", "params", "mean"), MEANS)
def test_confidence_from_its_parts(values: list[float], params: dict[str, Any], mean: float) -> None:
    inputs: dict[str, Any] = {name: numbers(v) for name, v in zip("abcdefgh", values, strict=False)}
    np.testing.assert_allclose(FromNumbers(**params).compute(**inputs), [mean], rtol=1e-12)


def test_some_weight_is_needed() -> None:
    assert FromNumbers(weight_a=0.0, weight_b=0.0, weight_c=0.0).check() is not None


def test_a_signal_gets_another_confidence() -> None:
    said = signal(1, -1, 0, U)
    out = Set().compute(said, confidence=numbers(0.5, NAN, NAN, 0.5), environment=numbers(2.0, 0.5, 0.5, 0.5))
    assert out.direction.tolist() == [1, U, 0, U]
    assert (out.confidence[0], out.quality[0], out.environment[0]) == (0.5, 0.1, 1.0)
    assert out.entry is said.entry and out.stop is said.stop
    assert Set().requires_one_of() == ("confidence", "quality", "environment")
