"""The order that opens and closes both legs of a spread: sides, sizes, limits, refusals."""

from typing import Any

import pytest

from engine.node import Account, Holding, Intent
from engine.result import Instrument
from engine.values import UNKNOWN
from nodes.order.pair import Pair, PairState

NAN = float("nan")
FREE = Instrument(source="test")


def account(x: float = 0.0, y: float = 0.0, rules_x: Instrument = FREE, rules_y: Instrument = FREE) -> Account:
    """10,000 of equity and positions of so many units in both legs."""

    def held(units: float) -> Holding | None:
        return Holding(units, 100.0, NAN, NAN) if units else None

    pair = held(y)
    return Account(10_000.0, 10_000.0, held(x), {"YUSDT": pair} if pair else {}, {"": rules_x, "YUSDT": rules_y})


def order(**params: Any) -> Pair:
    """Risks 1 % at the stop, regardless of the confidence, without a reserve for fees."""
    given: dict[str, Any] = {"pair": "YUSDT", "by_confidence": False, "fees": 0.0, "leverage": 10.0}
    return Pair(**given | params)


def decide(node: Pair, given: Account | None = None, state: PairState | None = None, **row: Any) -> tuple[Any, Any]:
    """A bar at which x costs 100 and y 60, the spread stands at 10 and is given up at 8."""
    values: dict[str, Any] = {
        "enter": 1, "held": 1, "exit": 0, "entry": 10.0, "stop": 8.0, "beta": 0.5, "x": 100.0, "y": 60.0,
    } | row  # fmt: skip
    return node.step(state or PairState(), account=given or account(), **values)


def legs(intents: tuple[Intent, ...]) -> dict[str, float]:
    """Signed units by symbol."""
    assert all(i.action == "enter" and i.order == "market" and i.size is not None for i in intents)
    return {i.symbol: i.direction * i.size.value for i in intents if i.size is not None}


def refused(intents: tuple[Intent, ...]) -> str:
    (intent,) = intents
    assert intent.action == "refuse"
    return intent.reason


SIDES = [
    # spread, beta, units of x, units of y: risk 100 / |10 - 8| = 50 units of y, |beta| times that of x
    (1, 0.5, -25.0, 50.0),
    (1, -0.5, 25.0, 50.0),
    (-1, 0.5, 25.0, -50.0),
    (-1, -0.5, -25.0, -50.0),
]


@pytest.mark.parametrize(("side", "beta", "x", "y"), SIDES)
def test_sides_and_sizes_of_both_legs(side: int, beta: float, x: float, y: float) -> None:
    _, intents = decide(order(), enter=side, beta=beta)
    assert legs(intents) == {"": x, "YUSDT": y}


def test_the_loss_at_the_stop_is_the_risk_whatever_both_prices_do() -> None:
    """With the spread at its stop both legs together lose 1 %, for either way there and either sign of beta."""
    for side, beta, x, y in SIDES:
        del x, y
        _, intents = decide(order(), enter=side, beta=beta, entry=10.0, stop=10.0 - 2 * side)
        units = legs(intents)
        for moved in (-7.0, 0.0, 3.0):  # x moves, and y with it to where the spread has moved by 2 against the trade
            pnl = units[""] * moved + units["YUSDT"] * (beta * moved - 2 * side)
            assert pnl == pytest.approx(-100.0)


def test_confidence_loss_and_fees_make_it_smaller() -> None:
    assert legs(decide(order(by_confidence=True), confidence=0.8)[1])["YUSDT"] == pytest.approx(40.0)
    assert legs(decide(order(), confidence=0.8)[1])["YUSDT"] == 50.0
    assert legs(decide(order(max_loss=30.0))[1])["YUSDT"] == 15.0
    paid = 2 * 0.001 * (60 + 0.5 * 100)  # both legs, in and out
    assert legs(decide(order(fees=0.1))[1])["YUSDT"] == pytest.approx(100 / (2 + paid))
    assert order(by_confidence=True).requires() == ("confidence",) and order().requires() == ()


def test_limits_hold_for_the_sum_of_both_legs() -> None:
    """One unit of y with its hedge is worth 110."""
    assert legs(decide(order(max_notional=1100.0))[1]) == {"": -5.0, "YUSDT": 10.0}
    assert legs(decide(order(leverage=0.2, margin=55.0))[1]) == {"": -5.0, "YUSDT": 10.0}
    assert refused(decide(order(min_notional=5500.1))[1]) == "pair_below_minimum"
    assert legs(decide(order(min_notional=5499.0))[1])["YUSDT"] == 50.0


def test_rounding_down_to_the_steps_and_the_ratio_after_it() -> None:
    steps = account(rules_x=Instrument(step=0.1, source="t"), rules_y=Instrument(step=1.0, source="t"))
    assert legs(decide(order(), steps, stop=7.7)[1]) == {"": pytest.approx(-21.7), "YUSDT": 43.0}
    coarse = account(rules_x=Instrument(step=20.0, source="t"))
    assert refused(decide(order(), coarse)[1]) == "hedge_ratio_off"  # 20 instead of 25
    assert legs(decide(order(tolerance=20.1), coarse)[1]) == {"": -20.0, "YUSDT": 50.0}


@pytest.mark.parametrize("rule", [{"min_quantity": 26.0}, {"min_notional": 2600.0}, {"step": 100.0}])
def test_a_leg_below_its_minimum_is_refused_with_the_other(rule: dict[str, float]) -> None:
    rules = Instrument(source="t", **rule)
    assert refused(decide(order(), account(rules_x=rules))[1]) == "pair_below_minimum"


@pytest.mark.parametrize("name", ["x", "y", "beta", "entry", "stop"])
def test_nothing_is_opened_on_something_unknown(name: str) -> None:
    assert refused(decide(order(), None, None, **{name: NAN})[1]) == "pair_price_missing"


def test_other_bars_open_nothing() -> None:
    assert decide(order(), enter=0) == (PairState(), ())
    assert decide(order(), enter=UNKNOWN, exit=UNKNOWN, held=UNKNOWN) == (PairState(), ())


def test_nothing_is_opened_beside_an_open_leg() -> None:
    assert refused(decide(order(alone_bars=5), account(x=1.0))[1]) == "leg_still_open"
    assert refused(decide(order(), account(x=1.0, y=-1.0))[1]) == "leg_still_open"


def test_the_exit_closes_both_legs_and_withdraws_what_waits() -> None:
    _, intents = decide(order(), account(x=-25.0, y=50.0), enter=0, exit=1)
    assert [(i.action, i.symbol) for i in intents] == [
        ("cancel", ""), ("close", ""), ("cancel", "YUSDT"), ("close", "YUSDT"),
    ]  # fmt: skip


@pytest.mark.parametrize("alone", [{"x": -25.0}, {"y": 50.0}])
def test_a_leg_that_stays_alone_is_closed(alone: dict[str, Any]) -> None:
    node = order(alone_bars=2)
    state, intents = decide(node, account(**alone), enter=0)
    assert state == PairState(1) and intents == ()
    state, intents = decide(node, account(**alone), state, enter=0)
    assert state == PairState() and [i.action for i in intents] == ["cancel", "close"] * 2
    state, _ = decide(node, account(x=1.0, y=1.0), PairState(1), enter=0)
    assert state == PairState()  # the other one came


def test_it_says_which_other_market_it_trades() -> None:
    assert order().legs() == ("YUSDT",)
    assert Pair.acts_on == ("enter", "held", "exit")
