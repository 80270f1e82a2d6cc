"""The vector pass: wiring, clocks, loops, cache, failures, watchlists."""

import numpy as np
import pytest

from engine.columns import ColumnCache, Supply
from engine.errors import InputError, NodeError
from engine.resample import resample
from tests.engine.executor import CATALOGUE, candles, columns, graph, run, value, walk

ORDER = {"order": "order.place", "size": ("size.quantity", {"quantity": 1.0}), "entry": "signal.flags"}
PLACED = ["entry.out > order.signal", "size.out > order.size", "c.close > entry.price"]


def traded(nodes: dict, edges: list[str], flag: str, **on_error: str):
    """A graph whose entry flag is the given port."""
    return graph({"c": "source.candles", **nodes, **ORDER}, [*edges, *PLACED, f"{flag} > entry.enter_long"], **on_error)


LEVEL = {"hot": ("compare.above_level", {"level": 100.0})}


def test_columns_equal_the_nodes_called_by_hand():
    """The pass gives each node its wires by name and keeps every output under its port."""
    document = traded(
        {"fast": ("indicator.sma", {"length": 3}), "twice": "math.add", **LEVEL},
        ["c.close > fast.source", "fast.out > twice.a", "c.close > twice.b", "twice.out > hot.a"],
        "hot.out",
    )
    market = candles(walk(50, 1))
    plan, (one,) = columns(document, Supply(market))
    by_hand = CATALOGUE["indicator.sma"](length=3).compute(market.close) + market.close
    np.testing.assert_array_equal(value(plan, one, "twice.out"), by_hand)


def test_nodes_no_order_needs_do_not_run():
    """A node whose output reaches no decision is not planned."""
    document = traded(
        {**LEVEL, "idle": ("indicator.sma", {"length": 3})}, ["c.close > hot.a", "c.close > idle.source"], "hot.out"
    )
    plan, _ = columns(document, Supply(candles(walk(30, 2))))
    assert not any(name.startswith("idle.") for name in plan.names)


def test_a_higher_timeframe_is_seen_only_when_closed():
    """An aligned 4h close at a 1h bar is the close of the last 4h bar that is complete then."""
    document = traded(
        {"slow": ("source.candles", {"timeframe": "4h"}), "aligned": "time.align", **LEVEL},
        ["slow.close > aligned.source", "c.candles > aligned.candles", "aligned.out > hot.a"],
        "hot.out",
    )
    market = candles(walk(40, 3))
    plan, (one,) = columns(document, Supply(market))
    longer = resample(market, "4h")
    got = value(plan, one, "aligned.out")
    for bar in range(40):
        closed = longer.close[longer.close_time <= market.close_time[bar]]
        assert (np.isnan(got[bar]) and not len(closed)) or got[bar] == closed[-1]


def test_given_candles_of_a_timeframe_are_preferred_to_resampled_ones():
    """Candles the user gives for a timeframe are used as they are."""
    market = candles(walk(40, 4))
    longer = resample(market, "4h")
    given = Supply(market, (longer,))
    assert given.clock("4h") is longer


def test_another_symbol_stands_on_the_bars_of_the_run():
    """Candles of a named symbol are put on the run's bars; bars it lacks are unknown."""
    document = traded({"eth": ("source.candles", {"symbol": "ETHUSDT"}), **LEVEL}, ["eth.close > hot.a"], "hot.out")
    market = candles(walk(10, 5))
    other = candles([7.0, 8.0, 9.0], symbol="ETHUSDT", start=4 * 3_600_000)
    plan, (one,) = columns(document, Supply(market, (other,)))
    np.testing.assert_array_equal(value(plan, one, "eth.close"), [np.nan] * 4 + [7, 8, 9] + [np.nan] * 3)


def test_a_missing_symbol_is_an_input_error_that_names_it():
    """Nothing is invented for a market that was not given."""
    document = traded({"eth": ("source.candles", {"symbol": "ETHUSDT"}), **LEVEL}, ["eth.close > hot.a"], "hot.out")
    with pytest.raises(InputError, match="ETHUSDT"):
        columns(document, Supply(candles(walk(10, 5))))


def test_a_loop_through_a_delay_equals_the_recursion_by_hand():
    """X = 0.5 * x of the bar before + close, the first x being counted from 0."""
    document = traded(
        {
            "before": ("memory.delay", {"initial": 0.0}), "half": ("math.constant", {"value": 0.5}),
            "damped": "math.multiply", "sum": "math.add", **LEVEL,
        },
        [
            "sum.out > before.a", "c.close > half.like", "before.out > damped.a", "half.out > damped.b",
            "damped.out > sum.a", "c.close > sum.b", "sum.out > hot.a",
        ],
        "hot.out",
    )  # fmt: skip
    market = candles(walk(60, 6))
    plan, (one,) = columns(document, Supply(market))
    expected, x = [], 0.0
    for close in market.close:
        x = 0.5 * x + close
        expected.append(x)
    np.testing.assert_allclose(value(plan, one, "sum.out"), expected, rtol=1e-14)


def test_a_loop_without_an_initial_value_stays_unknown():
    """What was never known does not become known by going round."""
    document = traded(
        {"before": "memory.delay", "sum": "math.add", **LEVEL},
        ["sum.out > before.a", "before.out > sum.a", "c.close > sum.b", "sum.out > hot.a"],
        "hot.out",
    )
    plan, (one,) = columns(document, Supply(candles(walk(20, 6))))
    assert np.isnan(value(plan, one, "sum.out")).all()


def test_a_loop_may_hold_a_fold():
    """A fold inside a loop is carried bar by bar: once counted to three, the reset comes a bar later."""
    document = traded(
        {
            "up": ("compare.above_level", {"level": 0.0}), "count": "memory.counter",
            "full": ("compare.above_level", {"level": 2.5}), "reset": ("memory.delay_flag", {"initial": False}),
        },
        [
            "c.close > up.a", "up.out > count.flag", "reset.out > count.reset", "count.out > full.a",
            "full.out > reset.a",
        ],
        "full.out",
    )  # fmt: skip
    plan, (one,) = columns(document, Supply(candles([5.0] * 9)))
    assert value(plan, one, "count.out").tolist() == [1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_the_cache_recomputes_only_what_changed():
    """A second run with one changed parameter takes everything upstream from the cache."""

    def document(level: float):
        return traded(
            {"fast": ("indicator.sma", {"length": 3}), "hot": ("compare.above_level", {"level": level})},
            ["c.close > fast.source", "fast.out > hot.a"],
            "hot.out",
        )

    supply, cache = Supply(candles(walk(50, 7))), ColumnCache()
    columns(document(100.0), supply, cache=cache)
    assert cache.hits == 0
    _, (one,) = columns(document(101.0), supply, cache=cache)
    again = {name for name, spent in one.nanoseconds.items() if spent > 0}
    assert again == {"hot", "entry"}


def test_the_cache_knows_other_data():
    """Candles that differ in one value share nothing."""
    document = traded(LEVEL, ["c.close > hot.a"], "hot.out")
    cache, prices = ColumnCache(), walk(50, 7)
    columns(document, Supply(candles(prices)), cache=cache)
    prices[20] += 1e-9
    _, (one,) = columns(document, Supply(candles(prices)), cache=cache)
    assert cache.hits == 0 and all(one.nanoseconds.values())


def test_the_cache_forgets_the_oldest_beyond_its_size():
    """The least recently used outputs go first."""
    cache = ColumnCache(most_bytes=3000)
    for name in "abc":
        cache.put(name, (np.zeros(125),))
    assert cache.get("a") is not None
    cache.put("d", (np.zeros(125),))
    assert [cache.get(k) is not None for k in "abcd"] == [True, False, True, True]


def failing(policy: str):
    return traded({"bad": "test.failing", **LEVEL}, ["c.close > bad.a", "bad.out > hot.a"], "hot.out", bad=policy)


def test_a_failing_node_gives_unknown_columns_and_an_issue():
    """Policy hold: the failure flows as unknown, is reported at its node, and no trade comes of it."""
    result = run(failing("hold"), candles(walk(50, 8)))
    assert len(result.trades) == 0
    (issue,) = result.traces[0].issues
    assert (issue.code, issue.node, issue.phase) == ("node_failed", "bad", "runtime")
    assert "on purpose" in result.notes[0]


def test_policy_pause_stops_the_run():
    """Policy pause: nothing goes on with a broken node."""
    with pytest.raises(NodeError, match=r"bad.*pause"):
        run(failing("pause"), candles(walk(50, 8)))


def test_policy_skip_leaves_the_symbol_out():
    """Policy skip: the symbol is not traded, even where other nodes would."""
    above = ("compare.above_level", {"level": 0.0})
    document = traded(
        {"bad": "test.failing", "up": above, "hot": above, "either": "logic.or"},
        ["c.close > bad.a", "bad.out > hot.a", "c.close > up.a", "up.out > either.a", "hot.out > either.b"],
        "either.out",
        bad="skip",
    )
    assert len(run(document, candles(walk(50, 8))).fills) == 0
    held = graph_with_policy(document, "hold")
    assert len(run(held, candles(walk(50, 8))).fills) > 0


def graph_with_policy(document, policy: str):
    """The graph with every node's policy replaced."""
    import msgspec

    nodes = tuple(msgspec.structs.replace(n, on_error=policy) for n in document.nodes)
    return msgspec.structs.replace(document, nodes=nodes)


def test_a_node_that_shifts_time_is_caught():
    """Columns of one clock have one length; another length is a failure of the node, not a shift."""
    document = traded({"short": "test.shortens", **LEVEL}, ["c.close > short.a", "short.out > hot.a"], "hot.out")
    result = run(document, candles(walk(50, 9)))
    assert result.traces[0].issues[0].node == "short" and len(result.fills) == 0


def test_watchlist_nodes_see_all_symbols_on_their_common_bars():
    """Ranks are taken bar by bar among the symbols that have the bar."""
    document = traded(
        {"rank": "watchlist.rank", "first": ("compare.below_level", {"level": 1.5})},
        ["c.close > rank.score", "rank.out > first.a"],
        "first.out",
    )
    a = candles([1.0, 5.0, 3.0, 4.0], symbol="A")
    b = candles([4.0, 2.0, 9.0], symbol="B", start=3_600_000)
    plan, (one, two) = columns(document, Supply(a), Supply(b))
    assert value(plan, one, "rank.out").tolist() == [1, 1, 1, 2]
    assert value(plan, two, "rank.out").tolist() == [2, 2, 1]
