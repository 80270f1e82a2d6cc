"""The published rules of matching, each with hand-computed examples (docs/matching.md)."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.matching.engine import Funding, Market
from engine.matching.policy import POLICIES, Policy
from engine.matching.records import BY_EQUITY
from engine.result import EXIT_REASONS, Instrument
from engine.timeframe import HOUR
from engine.values import ExitPolicy
from tests.engine.matching.rule_cases import CASES, Case
from tests.engine.matching.tables import TICK_ONE, buy, candles, close, fills_of, flat, prepared, run, sell

RULES_PAGE = Path(__file__).parents[3] / "docs" / "matching.md"


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_each_rule_gives_the_fills_computed_by_hand(case: Case) -> None:
    """The fills, refusals, fees and funding of an example are those a person computes from the published rule."""
    engine = run(
        case.rows, case.intents, case.settings, case.capital, case.instrument, funding=case.funding, mark=case.mark
    )
    assert fills_of(engine) == list(case.fills)
    assert engine.rejected == case.rejected
    if case.cash is not None:
        assert engine.account["cash"][0] == pytest.approx(case.cash, rel=1e-12)
    if case.maker is not None:
        assert engine.executions["maker"].tolist() == list(case.maker)
    if case.ambiguous is not None:
        assert (int(engine.account["ambiguous"][0]) > 0) == case.ambiguous
    if case.last_stop is not None:
        assert engine.trades["last_stop"][0] == case.last_stop
    if case.no_stop:
        assert np.isnan(engine.trades["last_stop"][0])


def test_every_published_rule_has_an_example() -> None:
    """Each numbered rule of the page is named by an example, and each example names a rule of the page."""
    published = set(re.findall(r"^\*\*(M\d+) ", RULES_PAGE.read_text(), re.MULTILINE))
    elsewhere = {"M29", "M31", "M32", "M33", "M34"}  # several markets, finer candles, exits: tests of their own below
    assert {case.rule for _, case in CASES} | elsewhere == published


def test_a_trade_is_the_life_of_a_position() -> None:
    """A trade averages its entries and exits and carries fees, funding and the reason of its last fill."""
    rows = [*flat(100, 3), *flat(110, 2), (110, 121, 110, 120), *flat(120, 1)]
    engine = run(
        rows,
        [buy(0, quantity=2, target=120), buy(2, quantity=2, add=1)],
        {"taker_fee": 0.001, "funding": "applied"},
        funding=[(4 * HOUR, 0.01)],
    )
    (trade,) = engine.trades
    assert (trade["quantity"], trade["entry_price"], trade["exit_price"]) == (4, 105, 120)
    assert (trade["decision_bar"], trade["entry_bar"], trade["exit_bar"]) == (0, 1, 5)
    assert EXIT_REASONS[trade["reason"]] == "tp_hit"
    assert trade["fees"] == pytest.approx(0.2 + 0.22)
    assert trade["funding"] == pytest.approx(-4 * 110 * 0.01)
    assert trade["pnl"] == pytest.approx(60 - 0.42 - 4.4)
    assert engine.equity[-1] == pytest.approx(10_000 + trade["pnl"])


def test_markets_with_different_histories_share_one_account() -> None:
    """Each market fills on its own bars only, and equity marks every position at its last price."""
    first = Market(candles(flat(100, 8), "A"), TICK_ONE)
    late = candles([(50, 50, 50, 50), (55, 55, 55, 55), (60, 60, 60, 60)], "B", start=3 * HOUR)
    second = Market(late, TICK_ONE)
    engine = run([first, second], [buy(0, symbol=0), buy(3, quantity=2, symbol=1), close(4, symbol=1)])
    assert [(f["symbol"], *fills_of(engine)[i][:3]) for i, f in enumerate(engine.executions)] == [
        (0, 1, 1, 100), (1, 4, 2, 55), (1, 5, -2, 60)
    ]  # fmt: skip
    assert engine.equity.tolist() == [10_000] * 5 + [10_010] * 3


def test_a_market_with_a_hole_waits_for_its_next_bar() -> None:
    """An order for a market without a bar is filled on the next bar it has, and its position keeps its last price."""
    holed = candles(flat(100, 6), "B")
    keep = np.array([0, 1, 4, 5])
    columns = {n: getattr(holed, n)[keep] for n in ("time", "open", "high", "low", "close", "volume")}

    engine = run(
        [Market(candles(flat(10, 6), "A"), TICK_ONE), Market(msgspec.structs.replace(holed, **columns), TICK_ONE)],
        [buy(1, symbol=1)],
    )
    assert fills_of(engine) == [(4, 1, 100, "entry")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_open_of_one_market_knows_nothing_of_the_bar_of_another(order: tuple[int, int]) -> None:
    """An order filled at an open is sized before any later price of that bar, whatever the order of markets."""
    a, b = order
    rising = Market(candles([*flat(100, 3), (100, 120, 100, 120)], "A"), TICK_ONE)
    still = Market(candles(flat(100, 4), "B"), TICK_ONE)
    markets = [rising, still] if a == 0 else [still, rising]
    engine = run(
        markets,
        [buy(0, quantity=10, target=110, symbol=a), buy(2, rule=BY_EQUITY, value=0.5, symbol=b)],
        {"size_at": "fill"},
    )
    bought = engine.executions[engine.executions["symbol"] == b]
    assert bought["quantity"].tolist() == [50.0]


def test_funding_in_a_hole_of_the_candles_is_paid() -> None:
    """A settlement while one market has no bar, but another has, is paid at its last price."""
    holed = candles([*flat(100, 2), *flat(100, 2)], "B")
    keep = np.array([0, 1, 3])

    columns = {n: getattr(holed, n)[keep] for n in ("time", "open", "high", "low", "close", "volume")}
    funding = Funding(np.array([2 * HOUR]), np.array([0.01]))
    engine = run(
        [
            Market(candles(flat(10, 4), "A"), TICK_ONE),
            Market(msgspec.structs.replace(holed, **columns), TICK_ONE, funding),
        ],
        [buy(0, symbol=1)],
        {"funding": "applied"},
    )
    assert engine.account["cash"][0] == pytest.approx(10_000 - 1)


def test_finer_bars_fill_orders_and_rows_count_time() -> None:
    """Orders meet the finer bars one by one, while ages count the decision bars that those make up."""
    rows = [-1, 0, -1, 1, -1, 2, -1, 3]  # two finer bars to a decision bar
    market = Market(candles([*flat(100, 2), *flat(101, 1), *flat(102, 1), *flat(103, 4)]), TICK_ONE)
    engine = prepared([market], {}, exits=[ExitPolicy(max_bars_open=2)], rows=[rows])
    engine.submit(buy(1, policy=0))
    engine.run(8)
    assert fills_of(engine) == [(2, 1, 101, "entry"), (6, -1, 103, "max_bars_exceeded")]


def test_finer_bars_decide_which_level_came_first() -> None:
    """Where stop and target lie in one decision bar, the finer bar that met a level first decides, on all paths."""
    bar = [(100, 109, 100, 108), (108, 108, 94, 95)]
    for path in ("adaptive", "pessimistic", "optimistic"):
        engine = run([*flat(100, 2), *bar], [buy(0, stop=95, target=108)], {"path": path})
        assert fills_of(engine)[-1] == (2, -1, 108, "tp_hit")


def test_a_reversal_pays_both_fees() -> None:
    """Closing and opening at one open are two fills with a fee each."""
    engine = run(flat(100, 4), [buy(0), sell(2)], {"taker_fee": 0.001}, instrument=Instrument())
    assert engine.executions["fee"].tolist() == pytest.approx([0.1, 0.1, 0.1])


def test_the_page_tells_the_settings_of_the_named_policies() -> None:
    """Every setting of every named policy stands in the table of the page."""
    table = dict(re.findall(r"^\| `(\w+)` \| M\d+ \| (.*) \|$", RULES_PAGE.read_text(), re.MULTILINE))
    for name in (n for n in Policy.__struct_fields__ if n != "name"):
        values = [getattr(policy, name) for policy in POLICIES.values()]
        assert table[name].split(" | ") == [v if isinstance(v, str) else f"{v:g}" for v in values]
