"""Proofs: warm-up, poisoned futures, repeatability, failures, decisions, several markets and clocks."""

from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

import engine.prove.orders as orders
from engine.backtest import MarketData, Request
from engine.errors import InputError
from engine.matching.policy import FRICTIONLESS
from engine.prove import Proof, prove
from engine.resample import resample
from engine.result import FILL
from tests.engine.executor import candles, graph, walk
from tests.engine.faulty_nodes import FAULTY

ORDER = {"size": ("size.quantity", {"quantity": 1.0}), "entry": "signal.flags", "order": "order.place"}
PLACED = ["c.close > entry.price", "entry.out > order.signal", "size.out > order.size"]
MARKET = candles(walk(2500, 11))


def around(nodes: dict[str, Any], wires: list[str], flag: str, **on_error: str) -> Any:
    """A graph whose entries come from a flag."""
    all_nodes = {"c": "source.candles", **nodes, **ORDER}
    return graph(all_nodes, [*wires, *PLACED, f"{flag} > entry.enter_long"], FAULTY, **on_error)


def number_node(tag: str, **on_error: str) -> Any:
    """A node from number to number before a comparison with the price."""
    wires = ["c.close > it.a", "c.close > up.a", "it.out > up.b"]
    return around({"it": tag, "up": "compare.cross_above"}, wires, "up.out", **on_error)


def proof(document: Any, *markets: MarketData, **how: Any) -> Proof:
    given = markets or (MarketData(candles=MARKET),)
    how = {"cuts": 10} | how
    return prove(Request(graph=document, markets=given, policy=FRICTIONLESS, capital=10_000.0), FAULTY, **how)


def seals(found: Proof) -> dict[str, str]:
    return {seal.node: seal.seal for seal in found.seals}


CLEAN = around(
    {"fast": ("indicator.ema", {"length": 5}), "slow": ("indicator.ema", {"length": 20}), "up": "compare.cross_above"},
    ["c.close > fast.source", "c.close > slow.source", "fast.out > up.a", "slow.out > up.b"],
    "up.out",
)


def test_a_sound_graph_is_clean() -> None:
    found = proof(CLEAN)
    assert found.ok
    assert found.problems == ()
    assert set(seals(found)) == {"c", "fast", "slow", "up", "entry", "size", "order"}
    assert set(seals(found).values()) == {"clean"}
    up = next(s for s in found.seals if s.node == "up")
    assert (up.cuts, up.lookback, up.warm_up) == (10, 2, (0.0, 0.0, 0.0))
    assert up.fired >= 5


def test_the_same_seed_makes_the_same_proof_and_it_is_plain_json() -> None:
    first, again = (msgspec.structs.replace(proof(CLEAN, seed=3), seconds=0.0) for _ in range(2))
    assert first == again
    assert msgspec.json.decode(msgspec.json.encode(first), type=Proof) == first


@pytest.mark.parametrize("cuts", [0, -1, 10**6])
def test_an_impossible_number_of_cuts_is_refused(cuts: int) -> None:
    with pytest.raises(InputError, match="cuts of each node cannot be made; use 1 to"):
        proof(CLEAN, cuts=cuts)


# --- warm-up ----------------------------------------------------------------------------------------------------------


def test_a_look_back_that_is_too_short_is_named_with_both_values() -> None:
    found = proof(number_node("fault.short_memory"))
    (problem,) = found.problems
    assert (problem.kind, problem.node, problem.port) == ("warm_up", "it", "out")
    assert "declares 3 bars and needs more: its out at the bar that closes" in problem.message
    assert "off with 1x" in problem.message
    (seal,) = (s for s in found.seals if s.node == "it")
    assert seal.seal == "warm_up_too_short"
    one, two, four = seal.warm_up
    assert one > two > four > 0, "it gets better with more bars"


def test_a_fold_remembers_since_the_start_and_is_not_blamed_for_it() -> None:
    nodes = {"on": "compare.cross_above", "off": "compare.cross_below", "mean": ("indicator.sma", {"length": 9})}
    wires = ["c.close > mean.source", "c.close > on.a", "mean.out > on.b", "c.close > off.a", "mean.out > off.b"]
    document = around(
        {**nodes, "held": "memory.latch"}, [*wires, "on.out > held.set", "off.out > held.reset"], "held.out"
    )
    found = proof(document)
    assert found.ok
    (seal,) = (s for s in found.seals if s.node == "held")
    assert seal.memory and len(seal.warm_up) == 3


def test_too_few_bars_for_the_warm_up_are_told() -> None:
    found = proof(CLEAN, MarketData(candles=MARKET.part(0, 30)))
    reasons = {s.node: s.reason for s in found.seals}
    assert "warm-up not measured: there are fewer than its" in reasons["slow"]


# --- other faults -----------------------------------------------------------------------------------------------------


def test_what_depends_on_a_future_that_did_not_come_is_found_by_poison() -> None:
    (problem,) = (p for p in proof(number_node("fault.shy")).problems if p.kind == "leak")
    assert problem.node == "it"
    assert "where all prices are a thousand times higher after" in problem.message
    assert problem.found == 0.0
    assert "up" in problem.inherited_by or problem.inherited_by == ()


def test_a_node_that_gives_another_value_each_time_is_not_repeatable() -> None:
    found = proof(number_node("fault.chance"))
    assert not found.ok
    assert any(p.node == "it" and "not repeatable" in p.message for p in found.problems)


def test_a_node_that_fails_on_a_shorter_history_is_told() -> None:
    found = proof(number_node("fault.needs_all"))
    (problem,) = (p for p in found.problems if p.kind == "failed")
    assert problem.node == "it"
    assert "only" in problem.message and "bars" in problem.message
    assert seals(found)["it"] == "failed"


def test_a_node_that_fails_on_all_candles_cannot_be_proved() -> None:
    found = proof(number_node("test.failing"))
    assert not found.ok
    (seal,) = (s for s in found.seals if s.node == "it")
    assert (seal.seal, seal.reason) == ("not_checked", "it fails on these candles")


def test_nodes_no_decision_needs_are_listed_as_not_checked() -> None:
    document = around(
        {
            "mean": ("indicator.sma", {"length": 5}),
            "up": "compare.cross_above",
            "idle": ("indicator.sma", {"length": 7}),
        },
        ["c.close > mean.source", "c.close > idle.source", "c.close > up.a", "mean.out > up.b"],
        "up.out",
    )
    found = proof(document)
    assert found.ok
    assert seals(found)["idle"] == "not_checked"


# --- shapes of graphs -------------------------------------------------------------------------------------------------


def test_a_loop_is_cut_too() -> None:
    document = around(
        {
            "before": ("memory.delay", {"initial": 0.0}), "half": ("math.constant", {"value": 0.5}),
            "damped": "math.multiply", "sum": "math.add", "hot": "compare.greater",
        },
        [
            "sum.out > before.a", "c.close > half.like", "before.out > damped.a", "half.out > damped.b",
            "damped.out > sum.a", "c.close > sum.b", "sum.out > hot.a", "c.close > hot.b",
        ],
        "hot.out",
    )  # fmt: skip
    found = proof(document, MarketData(candles=MARKET.part(0, 300)))
    assert found.ok, found.problems
    assert {s.reason for s in found.seals if s.node in ("before", "damped", "sum")} == {"runs bar by bar in a loop"}


def slow_graph(**source: str) -> Any:
    nodes = {"slow": ("source.candles", source), "aligned": "time.align", "up": "compare.cross_above"}
    wires = ["slow.close > aligned.source", "c.candles > aligned.candles", "c.close > up.a", "aligned.out > up.b"]
    return around(nodes, wires, "up.out")


@pytest.mark.parametrize("given", [False, True])
def test_another_timeframe_is_cut_by_its_closing_time(given: bool) -> None:
    others = (resample(MARKET, "4h"),) if given else ()
    found = proof(slow_graph(timeframe="4h"), MarketData(candles=MARKET, others=others))
    assert found.ok, found.problems


def test_another_market_is_cut_and_poisoned_too() -> None:
    nodes = {"eth": ("source.candles", {"symbol": "ETHUSDT"}), "up": "compare.cross_above"}
    document = around(nodes, ["c.close > up.a", "eth.close > up.b"], "up.out")
    other = candles(walk(2500, 12), symbol="ETHUSDT")
    assert proof(document, MarketData(candles=MARKET, others=(other,))).ok


def test_nodes_over_the_watchlist_are_cut_with_all_symbols() -> None:
    document = around(
        {"rank": "watchlist.rank", "first": ("compare.below_level", {"level": 1.5})},
        ["c.close > rank.score", "rank.out > first.a"],
        "first.out",
    )
    late = candles(walk(400, 13), symbol="LATE", start=100 * 3_600_000)
    found = proof(document, MarketData(candles=MARKET.part(0, 500)), MarketData(candles=late))
    assert found.ok, found.problems
    assert seals(found)["rank"] == "clean"


def test_a_decision_that_sees_its_account_is_cut_too() -> None:
    document = graph({"c": "source.candles", "buy": "test.buy_streak"}, ["c.close > buy.close"], FAULTY)
    found = proof(document, MarketData(candles=MARKET.part(0, 600)))
    assert found.ok, found.problems
    assert seals(found) == {"c": "clean", "buy": "clean"}


# --- orders -----------------------------------------------------------------------------------------------------------


def test_another_intent_is_found_and_told_in_words() -> None:
    expected = np.zeros(2, orders.INTENT)
    expected["direction"], expected["price"], expected["stop"] = 1, 100.0, np.nan
    same, other = expected.copy(), expected.copy()
    same["price"] *= 1 + 1e-12
    other["direction"][1] = -1
    assert orders.first_other(same, expected) is None
    assert orders.first_other(other, expected) == 1
    assert orders.first_other(expected[:1], expected) == 1
    assert orders.words_of(other, 1) == "enter short, price 100, target 0"
    assert orders.words_of(other, 2) == "no order"


def test_a_fill_before_the_close_of_its_decision_bar_is_named() -> None:
    hour = 3_600_000
    fills = np.zeros(2, FILL)
    fills["bar"], fills["decision_bar"] = [5, 7], [4, 7]
    time = hour * np.arange(10)
    run: Any = SimpleNamespace(
        request=SimpleNamespace(policy=None),
        match=lambda policy: SimpleNamespace(executions=fills),
        tables=SimpleNamespace(time=time),
        closing=time + hour,
        markets=[SimpleNamespace(candles=MARKET)],
        plan=SimpleNamespace(rows=[SimpleNamespace(id="order")]),
    )
    (problem,) = orders.early_fills(run)
    assert (problem.kind, problem.node, problem.bar_time) == ("early_fill", "order", 8 * hour)
    assert "decided at 1970-01-01 08:00 UTC filled in the bar that opened 1970-01-01 07:00 UTC" in problem.message
