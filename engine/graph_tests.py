"""Runs the tests that stand inside a graph document."""

from collections.abc import Mapping

import msgspec

from engine.backtest import MarketData, Request, backtest
from engine.document import Graph, GraphTest
from engine.errors import InputError
from engine.legs import legs_of
from engine.matching.policy import POLICIES
from engine.node import Contract
from engine.result import EXIT_REASONS, Result
from engine.sim.fixtures import PREFIX, fixture, fixture_names, fixture_pair, pair_names

CAPITAL = 10_000.0  # quote currency


class Outcome(msgspec.Struct, frozen=True):
    """How one test of a document ended; `failures` are sentences on what was expected and what came out."""

    name: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.failures


def run_graph_tests(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[Outcome, ...]:
    """Back-test the graph on the candles of each of its tests, under the `bybit_linear` rules.

    Raises GraphError if the graph is not valid, InputError if a test names candles that are no fixture.
    """
    return tuple(Outcome(test.name, _failures(test, _run(graph, test, registry))) for test in graph.tests)


def fixtures_for(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[str, ...]:
    """The names of fixtures a graph can be tested on: two markets for one that trades a pair."""
    return pair_names() if legs_of(graph, registry) else fixture_names()


def _run(graph: Graph, test: GraphTest, registry: Mapping[str, type[Contract]]) -> Result:
    if not test.candles.startswith(PREFIX):
        raise InputError(f"test {test.name!r}: candles {test.candles!r} are not a fixture; write {PREFIX}NAME")
    legs = legs_of(graph, registry)
    candles = fixture_pair(test.candles, legs[0]) if legs else (fixture(test.candles),)
    markets = tuple(MarketData(candles=c) for c in candles)
    request = Request(graph=graph, markets=markets, policy=POLICIES["bybit_linear"], capital=CAPITAL)
    return backtest(request, registry)


def _failures(test: GraphTest, result: Result) -> tuple[str, ...]:
    expect, count = test.expect, len(result.trades)
    sides = ["long" if side > 0 else "short" for side in result.trades["side"].tolist()]
    reasons = {EXIT_REASONS[i] for i in result.trades["reason"].tolist()}
    total = float(result.equity[-1]) / CAPITAL - 1
    found: list[str] = []
    if expect.trades is not None and count != expect.trades:
        found.append(f"expected {expect.trades} trades, got {count}")
    if expect.min_trades is not None and count < expect.min_trades:
        found.append(f"expected at least {expect.min_trades} trades, got {count}")
    if expect.max_trades is not None and count > expect.max_trades:
        found.append(f"expected at most {expect.max_trades} trades, got {count}")
    if expect.first_side is not None and sides[:1] != [expect.first_side]:
        found.append(f"expected the first trade to be {expect.first_side}, got {sides[:1] or 'none'}")
    if expect.sides is not None and sides != expect.sides:
        found.append(f"expected sides {expect.sides}, got {sides}")
    if expect.exit_reasons is not None and reasons != set(expect.exit_reasons):
        found.append(f"expected exits by {sorted(expect.exit_reasons)}, got {sorted(reasons)}")
    if expect.min_return is not None and total < expect.min_return:
        found.append(f"expected a return of at least {expect.min_return:g}, got {total:g}")
    return tuple(found)
