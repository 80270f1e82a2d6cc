"""A graph that trades two markets at once: synthetic cointegrated pairs, both legs from the signal to the account."""

from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

from engine.backtest import MarketData
from engine.candles import Candles
from engine.document import Graph
from engine.errors import InputError, NodeError
from engine.graph_tests import fixtures_for, run_graph_tests
from engine.legs import legs_of
from engine.node import Decision, Intent
from engine.result import Instrument, Result
from engine.sim.fixtures import fixture_names, fixture_pair, pair_names
from engine.trade_rows import trade_rows
from engine.validate import validate
from engine.values import Number
from server.graphs import load_graph
from tests.engine.executor import CATALOGUE, HOUR, candles, graph, run
from tests.nodes.cointegrated import cointegrated

ROWS = 1500
PAIR = "YUSDT"


def document(**params: Any) -> Graph:
    """The built-in graph for short windows, with YUSDT as the pair."""
    short = {
        "window": 60, "pair": PAIR, "levels.history": 60, "order.fees": 0.0, "order.by_confidence": False,
        "levels.min_rr": 0.0, "order.leverage": 20.0, "cointegration.level": 0.5,
    }  # fmt: skip
    from engine.document import with_params

    return with_params(load_graph("spread"), short | params)


def markets(beta: float, seed: int = 5) -> tuple[Candles, Candles]:
    x, y = cointegrated(ROWS, seed, beta, keep=0.85)
    return candles(x, symbol="XUSDT", spread=0.0), candles(y, symbol=PAIR, spread=0.0)


def wire(result: Result, port: str) -> Any:
    plan = result.traces[0].plan
    return result.traces[0].columns.values[plan.names.index(port)]


def trades_by_decision(result: Result) -> dict[int, dict[int, Any]]:
    """Trades of both legs under the bar at whose close they were decided; by market."""
    out: dict[int, dict[int, Any]] = {}
    for trade in result.trades:
        out.setdefault(int(trade["decision_bar"]), {})[int(trade["symbol"])] = trade
    return out


@pytest.mark.parametrize("beta", [2.0, -2.0])
def test_both_legs_from_the_signal_to_the_account(beta: float) -> None:
    """Sides as in the table of DOMAIN 4.3, units by the risk at the stop of the spread, both out at the exit."""
    result = run(document(), *markets(beta))
    enter, exits = wire(result, "position.enter"), np.flatnonzero(wire(result, "position.exit") == 1)
    entry, stop, ratio = (wire(result, f"position.{n}") for n in ("spread", "stop", "beta"))
    first = result.traces[0].plan.warmup["order"] - 1
    decided = np.flatnonzero(np.abs(enter) == 1)
    decided = decided[(decided >= first) & (decided < ROWS - 1)]
    pairs = trades_by_decision(result)
    assert sorted(pairs) == decided.tolist() and len(pairs) >= 10
    assert {int(enter[bar]) for bar in pairs} == {1, -1}
    for bar, legs in pairs.items():
        x, y, side = legs[0], legs[1], int(enter[bar])
        assert np.sign(ratio[bar]) == np.sign(beta)
        assert y["side"] == side and x["side"] == -side * np.sign(beta)
        units = 0.01 * result.equity[bar] / abs(stop[bar] - entry[bar])
        assert y["quantity"] == pytest.approx(units)
        assert x["quantity"] == pytest.approx(units * abs(ratio[bar]))
        assert x["entry_bar"] == y["entry_bar"] == bar + 1
        left = exits[exits > bar][:1]
        if len(left) and left[0] + 1 < ROWS:
            assert x["exit_bar"] == y["exit_bar"] == left[0] + 1
        assert np.isnan(x["stop"]) and np.isnan(y["stop"])  # the levels are valid in the spread alone


@pytest.mark.parametrize("beta", [2.0, -2.0])
def test_the_position_leaves_where_its_frozen_z_says(beta: float) -> None:
    result = run(document(), *markets(beta))
    x, y = (c.close for c in result.candles)
    reasons, z = wire(result, "position.reason"), wire(result, "position.z")
    frozen = {n: wire(result, f"position.{n}") for n in ("beta", "mean", "sigma", "z_entry", "z_stop")}
    seen: set[str] = set()
    for bar in np.flatnonzero(wire(result, "position.exit") == 1):
        f = {n: c[bar] for n, c in frozen.items()}
        now = (y[bar] - f["beta"] * x[bar] - f["mean"]) / f["sigma"]
        assert z[bar] == pytest.approx(now, rel=1e-9)
        against = now * np.sign(f["z_entry"])
        reason = reasons.at(bar)
        seen.add(reason)
        if reason == "z_score_exit":
            assert against <= 0.5
        else:
            assert against >= f["z_stop"]
    assert "z_score_exit" in seen and len(seen) >= 2


def test_a_spread_trade_wins_what_the_spread_moves_whatever_the_market_does() -> None:
    result = run(document(), *markets(2.0))
    for legs in trades_by_decision(result).values():
        x, y = legs[0], legs[1]
        if x["exit_bar"] != y["exit_bar"]:
            continue
        ratio = x["quantity"] / y["quantity"]
        before, after = (y[f"{n}_price"] - ratio * x[f"{n}_price"] for n in ("entry", "exit"))
        assert x["pnl"] + y["pnl"] == pytest.approx(y["side"] * y["quantity"] * (after - before), abs=1e-6)


def test_row_by_row_with_a_rule_of_the_exchange() -> None:
    """Quantities are whole steps; where that bends the hedge ratio too far nothing is traded and it is counted."""
    x, y = markets(2.0)
    fine = MarketData(candles=y, instrument=Instrument(step=0.5, source="test"))
    main = MarketData(candles=x, instrument=Instrument(step=0.5, source="test"))
    result = run(document(), main, fine)
    assert len(result.trades) and (np.abs(result.trades["quantity"] / 0.5 % 1) < 1e-9).all()
    coarse = MarketData(candles=y, instrument=Instrument(step=40.0, source="test"))
    result = run(document(), main, coarse)
    assert result.rejected.get("hedge_ratio_off", 0) > 0


def test_no_leg_is_opened_while_the_pair_has_no_candle() -> None:
    """Bars that are missing in the pair: nothing is entered there, and an open position waits."""
    x, y = markets(2.0)
    entered = np.flatnonzero(np.abs(wire(run(document(), x, y), "position.enter")) == 1)
    gone = int(entered[entered > 300][0])
    keep = np.delete(np.arange(ROWS), gone)
    holed = msgspec.structs.replace(
        y, identity="holed", **{n: getattr(y, n)[keep] for n in ("time", "open", "high", "low", "close", "volume")}
    )
    result = run(document(), x, holed)
    assert gone not in trades_by_decision(result)
    assert wire(result, "position.enter")[gone] != wire(run(document(), x, y), "position.enter")[gone]


def test_different_ranges_are_cut_to_the_common_one_and_it_is_said() -> None:
    x, y = markets(2.0)
    result = run(document(), x.part(0, ROWS - 100), y.part(200, ROWS))
    assert [len(c) for c in result.candles] == [ROWS - 300] * 2
    assert result.notes[0] == (
        "XUSDT and YUSDT were cut to the time both cover: 1970-01-09 08:00 UTC to 1970-02-28 08:00 UTC"
    )
    assert int(result.candles[0].time[0]) == 200 * HOUR
    assert len(result.data) == 2 and [d.leg_of for d in result.data] == ["", "XUSDT"]


def test_the_order_of_the_files_does_not_matter() -> None:
    x, y = markets(2.0)
    one, other = run(document(), x, y), run(document(), y, x)
    assert [d.symbol for d in other.data] == ["XUSDT", PAIR]
    np.testing.assert_array_equal(one.equity, other.equity)


def test_trades_of_both_legs_name_the_nodes_that_decided() -> None:
    rows = trade_rows(run(document(), *markets(2.0)))
    assert {row["symbol"] for row in rows} == {"XUSDT", PAIR}
    assert all({"entry", "levels", "position", "order"} <= set(row["nodes"]) for row in rows)


REFUSALS = [
    (("x",), "the graph also sends orders for YUSDT, of which no candles were given; add them with --candles"),
    (("y",), "YUSDT cannot be its own pair; give the candles of the main market as well"),
    (("x", "y", "z"), "YUSDT cannot be the pair of XUSDT, ZUSDT at once; run one main market at a time"),
]


@pytest.mark.parametrize(("given", "message"), REFUSALS)
def test_markets_that_make_no_pair(given: tuple[str, ...], message: str) -> None:
    x, y = markets(2.0)
    known = {"x": x, "y": y, "z": candles(x.close, symbol="ZUSDT")}
    with pytest.raises(InputError, match=message):
        run(document(), *(known[name] for name in given))


def test_markets_without_a_bar_in_common() -> None:
    x, y = markets(2.0)
    with pytest.raises(InputError, match="XUSDT and YUSDT have no bar in common"):
        run(document(), x.part(0, 500), y.part(600, ROWS))


class Nothing(msgspec.Struct, frozen=True):
    """Nothing is remembered."""


class Stray(Decision, frozen=True, tag="test.stray"):
    """Sends an order for a market that nobody gave it."""

    State: ClassVar[type[msgspec.Struct]] = Nothing

    def step(self, state: Nothing, close: Number) -> tuple[Nothing, tuple[Intent, ...]]:
        return state, (Intent(action="close", symbol="NOWHERE"),)


def test_an_intent_for_a_market_that_is_not_traded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "test.stray", Stray)
    stray = graph({"candles": "source.candles", "stray": "test.stray"}, ["candles.close > stray.close"])
    with pytest.raises(NodeError, match="it sent an order for NOWHERE, which this run does not trade"):
        run(stray, candles([1.0, 2.0, 3.0]))


# --- validation -------------------------------------------------------------------------------------------------------


def problems(document: Graph) -> list[tuple[str, str | None]]:
    return [(i.code, i.node) for i in validate(document, CATALOGUE).issues]


def without(document: Graph, target: str) -> Graph:
    return msgspec.structs.replace(document, edges=tuple(e for e in document.edges if e.target != target))


@pytest.mark.parametrize("port", ["enter", "held", "exit", "entry", "stop", "beta", "x", "y"])
def test_a_pair_without_its_exit_or_its_stop_is_refused(port: str) -> None:
    assert ("missing_input", "order") in problems(without(document(), f"order.{port}"))


def test_an_exit_that_does_not_watch_the_spread_is_no_stop() -> None:
    from engine.document import Edge

    rewired = without(document(), "order.exit")
    rewired = msgspec.structs.replace(rewired, edges=(*rewired.edges, Edge("cointegration.out", "order.exit")))
    assert problems(rewired) == [("missing_stop", "order")]
    assert problems(document()) == []


def test_the_pair_of_the_order_is_a_market_the_graph_reads() -> None:
    assert ("data_missing", "order") in problems(document(**{"order.pair": "SOLUSDT"}))


def test_a_second_order_for_the_pair_is_refused() -> None:
    twice = document()
    second = next(n for n in twice.nodes if n.id == "order")
    edges = [e for e in twice.edges if e.target.startswith("order.")]
    more = tuple(msgspec.structs.replace(e, target=e.target.replace("order.", "order_2.")) for e in edges)
    nodes = (*twice.nodes, msgspec.structs.replace(second, id="order_2"))
    assert problems(msgspec.structs.replace(twice, nodes=nodes, edges=twice.edges + more)) == [
        ("several_order_writers", "order_2")
    ]


# --- fixtures ---------------------------------------------------------------------------------------------------------


def test_fixtures_with_two_markets_are_for_graphs_with_a_pair() -> None:
    assert legs_of(document(), CATALOGUE) == (PAIR,)
    assert fixtures_for(document(), CATALOGUE) == pair_names()
    assert fixtures_for(load_graph("ema_cross"), CATALOGUE) == fixture_names()
    for name in pair_names():
        x, y = fixture_pair(name, PAIR)
        assert y.symbol == PAIR and x.synthetic and y.synthetic
        np.testing.assert_array_equal(x.time, y.time)
    lost = msgspec.structs.replace(
        document(), tests=(msgspec.structs.replace(load_graph("spread").tests[0], candles="fixture:flat"),)
    )
    with pytest.raises(InputError, match=r"not known as two markets for a graph with a pair; use one of fixture:pair"):
        run_graph_tests(lost, CATALOGUE)
