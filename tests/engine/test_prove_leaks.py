"""The pack of ten seeded leaks: `prove` finds each, names its node, and reports none of their clean twins."""

from typing import Any

import numpy as np
import pytest

from engine.backtest import MarketData, Request, prepared
from engine.matching.policy import FRICTIONLESS
from engine.parity import parity
from engine.prove import Proof, prove
from engine.prove.full import FullRun
from engine.prove.truncation import cut_group
from tests.engine.leaks.graphs import graph_around, market
from tests.engine.leaks.nodes import LEAKS, LEAKY

MARKET = market()
EVERY_LEAK = pytest.mark.parametrize("name", LEAKS)


def request_for(kind: str, name: str) -> Request:
    markets = (MarketData(candles=MARKET),)
    return Request(graph=graph_around(kind, name), markets=markets, policy=FRICTIONLESS, capital=10_000.0)


def proof_of(kind: str, name: str, **how: Any) -> Proof:
    return prove(request_for(kind, name), LEAKY, cuts=20, **how)


def test_there_are_ten() -> None:
    assert len(LEAKS) == 10


@EVERY_LEAK
def test_a_leak_is_found_and_its_node_named(name: str) -> None:
    proof = proof_of("leak", name)
    assert not proof.ok
    assert [(p.kind, p.node) for p in proof.problems] == [("leak", "culprit")], "one fault, one name"
    (problem,) = proof.problems
    assert problem.found != problem.expected
    assert problem.bar_time <= problem.cut, "the bar was closed when the history ended"
    assert f"node 'culprit' (leak.{name}) looks ahead: its {problem.port}" in problem.message
    seals = {seal.node: seal.seal for seal in proof.seals}
    assert seals.pop("culprit") == "leaks"
    assert set(seals.values()) == {"clean"}, "nodes before and after it are not to blame"
    assert set(problem.inherited_by) <= {"aligned", "after", "entry"}


@EVERY_LEAK
def test_its_clean_twin_is_not_reported(name: str) -> None:
    proof = proof_of("clean", name)
    assert proof.problems == ()
    assert proof.ok
    assert {seal.seal for seal in proof.seals} == {"clean"}


def test_what_only_passes_a_leak_on_is_named_as_its_heir() -> None:
    (problem,) = proof_of("leak", "repainting_pivot").problems
    assert problem.inherited_by == ("after", "entry")


def test_cuts_where_a_node_fired_find_what_cuts_by_chance_miss() -> None:
    """A top that is marked three bars too early about once in 100 bars: 4 cuts of each kind, for 50 seeds."""
    run = prepared(request_for("leak", "repainting_pivot"), LEAKY)
    full = FullRun(run.plan, run.passes)
    number, group = next((n, g) for n, g in enumerate(run.plan.columns) if g[0].id == "culprit")
    assert 3 <= np.count_nonzero(full.passes[0].values[group[0].slots[0]] == 1) <= 40
    found = {
        firing: sum(bool(cut_group(full, number, group, 4, seed, firing=firing).problems) for seed in range(50))
        for firing in (True, False)
    }
    assert found[True] == 50
    assert found[False] <= 12


def test_a_second_leak_behind_a_first_one_is_found_too() -> None:
    """Each node is judged on what it is given, so that nothing hides behind a fault upstream."""
    from tests.engine.executor import graph

    doubled = graph(
        {
            "c": "source.candles", "one": "leak.shift", "between": ("indicator.sma", {"length": 3}),
            "two": "leak.centred_mean", "after": "compare.greater", "entry": "signal.flags",
            "size": ("size.quantity", {"quantity": 1.0}), "order": "order.place",
        },
        [
            "c.close > one.a", "one.out > between.source", "between.out > two.a", "two.out > after.a",
            "c.close > after.b", "after.out > entry.enter_long", "c.close > entry.price", "entry.out > order.signal",
            "size.out > order.size",
        ],
        LEAKY,
    )  # fmt: skip
    request = Request(graph=doubled, markets=(MarketData(candles=MARKET),), policy=FRICTIONLESS, capital=10_000.0)
    assert {p.node for p in prove(request, LEAKY, cuts=10).problems} == {"one", "two"}


@pytest.mark.parametrize("name", ["shift", "forming_hour", "wrong_align", "close_of_bar", "back_fill"])
def test_parity_names_a_node_that_looks_ahead(name: str) -> None:
    """Bar by bar there is no future to look into, so the same nodes show in `parity`."""
    answer = parity(request_for("leak", name), LEAKY, bars=700)
    assert answer.differences[0].node == "culprit"
    assert all(d.inherited for d in answer.differences if d.what == "value" and d.node != "culprit")


@EVERY_LEAK
def test_the_clean_twins_are_the_same_bar_by_bar(name: str) -> None:
    assert parity(request_for("clean", name), LEAKY, bars=60).differences == ()
