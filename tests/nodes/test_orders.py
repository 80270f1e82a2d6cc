"""Sizes, exit policies and the order that carries them."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.errors import NodeError
from engine.node import Intent
from engine.values import UNKNOWN, ExitPolicy, SignalRow, Size
from nodes.exit.age import Age
from nodes.exit.atr_trail import AtrTrail
from nodes.exit.flag import Flag
from nodes.exit.max_bars import MaxBars
from nodes.exit.proximity import Proximity
from nodes.exit.rr_steps import RrSteps
from nodes.exit.stop_shift import StopShift
from nodes.exit.trail_percent import TrailPercent
from nodes.order.place import Place, PlaceState
from nodes.size.equity import Equity
from nodes.size.notional import Notional
from nodes.size.quantity import Quantity
from nodes.size.risk import Risk
from nodes.source.candles import Candles

T, F, U = 1, 0, UNKNOWN


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


SIZES = [
    (Risk(percent=1.0, max_loss=10.0), Size(rule="risk", value=0.01, max_loss=10.0)),
    (Notional(amount=250.0), Size(rule="notional", value=250.0)),
    (Equity(percent=50.0, fee_reserve=0.2), Size(rule="equity", value=0.5, fee_reserve=0.002)),
    (Quantity(quantity=0.1), Size(rule="quantity", value=0.1)),
]


@pytest.mark.parametrize(("node", "expected"), SIZES)
def test_sizes(node: Any, expected: Size) -> None:
    assert node.compute() == expected


EXITS = [
    (
        StopShift(long=1.5, short=2.0, basis="price"),
        {"stop_shift_long": 1.5, "stop_shift_short": 2.0, "stop_shift_basis": "price"},
    ),
    (RrSteps(steps=((2.0, 1.2), (3.0, 2.5))), {"rr_steps": ((2.0, 1.2), (3.0, 2.5))}),
    (
        Proximity(percent=1.0, trail=0.5, continuous=True),
        {"proximity_percent": 1.0, "proximity_trail": 0.5, "proximity_continuous": True},
    ),
    (TrailPercent(percent=2.0, offset=3.0), {"trail_percent": 2.0, "trail_offset_percent": 3.0}),
    (Age(bars=20, min_r=1.0, percent=30.0), {"age_bars": 20, "age_min_r": 1.0, "age_percent": 30.0}),
    (MaxBars(pending=3, open=9), {"max_bars_pending": 3, "max_bars_open": 9}),
]


@pytest.mark.parametrize(("node", "rules"), EXITS)
def test_exits_add_their_rule_and_keep_the_others(node: Any, rules: dict[str, Any]) -> None:
    assert node.compute() == ExitPolicy(**rules)
    earlier = ExitPolicy(atr_multiple=7.0)
    assert node.compute(policy=earlier) == msgspec.structs.replace(earlier, **rules)


def test_atr_trail() -> None:
    atr, adx = np.array([1.0, 2.0]), np.array([20.0, 30.0])
    out = AtrTrail(multiple=3.0, strong=1.2, adx_strong=25.0, min_profit=50.0).compute(atr, adx, ExitPolicy(age_bars=5))
    assert out.atr is atr and out.adx is adx
    assert (out.atr_multiple, out.atr_strong, out.adx_strong, out.atr_min_profit, out.age_bars) == (3, 1.2, 25, 50, 5)
    assert AtrTrail().compute(atr).adx is None


def test_exit_flags_of_several_nodes_are_joined() -> None:
    first = Flag().compute(exit_long=flags(T, F, F, U))
    assert first.exit_short is None
    second = Flag().compute(exit_long=flags(F, F, U, T), exit_short=flags(F, T, U, F), policy=first)
    assert second.exit_long is not None and second.exit_short is not None
    assert second.exit_long.tolist() == [T, F, U, T]
    assert second.exit_short.tolist() == [F, T, U, F]
    assert Flag().compute(policy=second) == second
    assert Flag().compute() == ExitPolicy()


STEPS = [
    (((2.0, 1.2), (2.5, 2.0), (3.0, 2.5)), None),
    (((1.0, 0.0),), None),  # break even
    (((1.0, -0.5),), None),  # half the risk
    (((1.0, 1.0),), "below"),
    (((1.0, 2.0),), "below"),
    (((0.0, -1.0),), "above 0"),
    (((2.0, 1.0), (1.0, 0.5)), "ascend"),
    (((2.0, 1.0), (2.0, 1.5)), "ascend"),
    (((2.0, 1.0), (3.0, 0.5)), "ascend"),
]


@pytest.mark.parametrize(("steps", "problem"), STEPS)
def test_steps_ascend_and_stay_below_what_was_reached(steps: Any, problem: str | None) -> None:
    found = RrSteps(steps=steps).check()
    assert (found is None) if problem is None else (found is not None and problem in found)


def test_steps_are_read_from_a_document() -> None:
    node = msgspec.convert({"type": "exit.rr_steps", "steps": [[2, 1.2], [2.5, 2]]}, RrSteps)
    assert node.steps == ((2.0, 1.2), (2.5, 2.0))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "exit.rr_steps", "steps": []}, RrSteps)


def row(direction: int) -> SignalRow:
    return SignalRow(
        direction=direction, entry=100.0, confidence=0.8, stop=98.0, target=104.0, quality=1.0, environment=1.0
    )


def test_an_order_carries_everything() -> None:
    size, exits = Risk().compute(), MaxBars(open=5).compute()
    node = Place(order="limit", opposite="close", same="add", leverage=3.0, post_only=True, reduce_only=True)
    state, intents = node.step(PlaceState(), row(-1), size, exits)
    assert state == PlaceState()
    assert intents == (
        Intent(
            action="enter",
            direction=-1,
            order="limit",
            price=100.0,
            stop=98.0,
            target=104.0,
            confidence=0.8,
            size=size,
            exits=exits,
            leverage=3.0,
            opposite="close",
            same="add",
            post_only=True,
            reduce_only=True,
        ),
    )


@pytest.mark.parametrize("direction", [0, UNKNOWN])
def test_no_order_without_a_known_side(direction: int) -> None:
    assert Place().step(PlaceState(), row(direction), Risk().compute()) == (PlaceState(), ())


def test_post_only_is_for_limit_orders() -> None:
    assert Place(order="limit", post_only=True).check() is None
    assert Place(order="market", post_only=True).check() == "post only needs a limit order"
    assert Place(order="stop", post_only=True).check() is not None
    assert Place.lowers


def test_candles_come_from_the_runner() -> None:
    with pytest.raises(NodeError, match="supplied by the runner"):
        Candles().compute()
