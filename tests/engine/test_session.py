"""The row pass: decisions with memory, queries, failures, and its equality with the lowered run."""

import itertools
from typing import Any

import numpy as np
import pytest

from engine.columns import Supply
from engine.document import with_params
from engine.errors import NodeError
from engine.legs import legs_of
from engine.matching.policy import BYBIT_LINEAR
from engine.node import Account
from engine.registry import Registry
from engine.session import Asked, Session, Wanted, drive
from engine.sim.fixtures import fixture
from engine.validate.expand import expand
from server.graphs import built_in_ids, load_graph
from tests.engine.executor import assert_same_records, candles, columns, graph, run, walk

FLAT = Account(10_000.0, 10_000.0, None)


def test_a_decision_with_memory_trades_bar_by_bar():
    """Three rises buy at the next open, the first fall sells at the next open."""
    document = graph({"c": "source.candles", "d": "test.buy_streak"}, ["c.close > d.close"])
    result = run(document, candles([10, 11, 12, 13, 14, 15, 14, 13, 12]))
    (trade,) = result.trades
    assert (trade["entry_bar"], trade["exit_bar"]) == (4, 7)
    assert (trade["entry_price"], trade["exit_price"]) == (13.0, 14.0)


def test_a_decision_sees_the_account_after_the_bar():
    """The position opened at the next open is seen at that bar's close, so no second entry is placed."""
    document = graph({"c": "source.candles", "d": "test.buy_streak"}, ["c.close > d.close"])
    result = run(document, candles(np.arange(10.0, 40.0)))
    assert len(result.fills) == 2  # one entry, and the close at the end of the data


def test_a_failing_decision_decides_nothing_and_goes_on():
    """Policy hold: the failing bar is reported with its time, other bars are decided."""
    document = graph({"c": "source.candles", "d": "test.fails_late"}, ["c.close > d.close"])
    market = candles(walk(30, 1))
    result = run(document, market)
    (issue,) = result.traces[0].issues
    assert (issue.node, issue.bar_time) == ("d", int(market.close_time[9]))
    assert issue.message.endswith("20 later bars")
    assert result.fills["bar"][0] == 5


def test_policy_pause_of_a_decision_stops_the_run():
    """Policy pause: the error names node and bar."""
    document = graph({"c": "source.candles", "d": "test.fails_late"}, ["c.close > d.close"], d="pause")
    with pytest.raises(NodeError, match="'d'") as caught:
        run(document, candles(walk(30, 1)))
    assert caught.value.bar_time == 10 * 3_600_000


def test_a_query_yields_its_question_and_the_reply_reaches_the_decision():
    """The session does no I/O: it yields the question, is sent the reply, and decides on it in the same bar."""
    document = graph(
        {"c": "source.candles", "q": "test.opinion", "d": "test.obeys"}, ["c.close > q.close", "q.out > d.told"]
    )
    plan, (one,) = columns(document, Supply(candles([10.0, 10.5, 11.0])))
    seen: list[object] = []

    def answer(effect: Asked | Wanted) -> str | None:
        if isinstance(effect, Wanted):
            seen.append(effect.intent.action)
            return None
        seen.append(effect.ask)
        return "yes" if effect.ask == "buy at 11?" else "no"

    session = Session(plan, one)
    for row in range(3):
        drive(session.bar(row, FLAT), answer)
    assert seen == ["buy at 10?", "buy at 11?", "enter"]


# An order for a pair of markets looks at its account, so that it is never lowered.
ONE_MARKET = [name for name in built_in_ids() if not legs_of(load_graph(name), Registry())]


# Advisors that wait for structure trade in a market that has some; the regime must let them.
STRUCTURED: dict[str, tuple[str, dict[str, Any]]] = {
    "hh_ll": ("fixture:zigzag", {}),
    "market_regime": ("fixture:market", {"min_environment": 0.0}),
    "hh_ll_in_regime": ("fixture:zigzag", {"min_environment": 0.0}),
}
WALKED = [name for name in ONE_MARKET if name not in STRUCTURED]


@pytest.mark.parametrize(("name", "seed"), [*itertools.product(WALKED, [1, 2, 3]), *((n, 0) for n in STRUCTURED)])
def test_lowered_and_bar_by_bar_runs_are_identical(name: str, seed: int):
    """Both ways give the same fills, trades and equity to the last bit."""
    fixed, params = STRUCTURED.get(name, ("", {}))
    market = fixture(fixed) if fixed else candles(walk(3000, seed, 30_000.0), spread=60.0)
    document = with_params(load_graph(name), params)
    lowered = run(document, market, policy=BYBIT_LINEAR)
    stepped = run(document, market, policy=BYBIT_LINEAR, lowered=False)
    assert len(lowered.trades) > (0 if fixed else 5)
    assert_same_records(lowered.trades, stepped.trades)
    assert_same_records(lowered.fills, stepped.fills)
    np.testing.assert_array_equal(lowered.equity, stepped.equity)
    assert lowered.metrics == stepped.metrics and lowered.pessimistic == stepped.pessimistic


def test_all_built_in_graphs_use_known_nodes_only():
    """The registry has every node type the built-in graphs name."""
    registry = Registry()
    for name in built_in_ids():
        assert all(n.type in registry for n in expand(load_graph(name)).graph.nodes)
