"""Every node type in a graph made from its ports: proved, and the same bar by bar.

The laws of `test_every_node` look at a node by itself; here it is wired, planned, cut, poisoned, checkpointed and fed a
bar at a time as in a run.
"""

from functools import cache

import pytest

from engine.backtest import MarketData, Request
from engine.matching.policy import FRICTIONLESS
from engine.parity import parity
from engine.prove import prove
from engine.registry import discover
from tests.engine.every_node import CATALOGUE, ELSEWHERE, CannotWire, graph_of, markets

NODES = dict(discover("nodes"))
every_node = pytest.mark.parametrize("tag", NODES)
BARS, CUTS, FED = 600, 6, 24


@cache
def request_for(tag: str) -> Request:
    several = 3 if NODES[tag].scope == "watchlist" else 1
    given = markets(BARS, several)
    return Request(
        graph=graph_of(tag),
        markets=tuple(MarketData(candles=c) for c in given),
        policy=FRICTIONLESS,
        capital=10_000.0,
    )


def wired(tag: str) -> Request:
    try:
        return request_for(tag)
    except CannotWire as reason:
        pytest.skip(str(reason))


def test_hardly_any_node_is_left_out() -> None:
    left_out = {tag for tag in NODES if not _can_be_wired(tag)}
    assert left_out == set(ELSEWHERE)


def _can_be_wired(tag: str) -> bool:
    try:
        graph_of(tag)
    except CannotWire:
        return False
    return True


@every_node
def test_is_proved_in_a_graph(tag: str) -> None:
    proof = prove(wired(tag), CATALOGUE, cuts=CUTS)
    assert [p.message for p in proof.problems] == []
    seals = {s.node: s for s in proof.seals}
    tested = seals.get("it")
    assert tested is not None
    assert (tested.seal, tested.reason if tested.seal != "clean" else "") == ("clean", "")
    assert proof.ok


@every_node
def test_is_the_same_bar_by_bar_in_a_graph(tag: str) -> None:
    answer = parity(wired(tag), CATALOGUE, bars=FED)
    assert [d.message for d in answer.differences] == []
    assert answer.bars >= FED
