"""What became of a decision: filled, ignored, refused, too early, failed, not yet known."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.errors import InputError
from engine.explain import Explainer
from tests.engine.executor import HOUR, candles, graph, run
from tests.engine.explain.small import TAIL, WIRES, because, explained, ran, told

HIGH = {"high": ("compare.above_level", {"level": 102.5})}
ON_HIGH = ["candles.close > high.a", "high.out > entry.enter_long"]
UP: Any = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]


def test_an_entry_names_its_trade_and_fill() -> None:
    found = explained(HIGH, ON_HIGH, UP, row=3)
    assert (found.outcome, found.trade) == ("entry", 1)
    assert found.summary == "Entered long at 103 in the bar that opens 1970-01-01 04:00 UTC: trade 1."
    assert (found.open_time, found.close_time) == (3 * HOUR, 4 * HOUR)


def test_a_signal_with_the_position_open_is_ignored() -> None:
    found = explained(HIGH, ON_HIGH, UP, row=4)
    assert found.outcome == "refused"
    assert found.summary == (
        "The conditions of a long entry were met, but a long position was open (last entry 1970-01-01 04:00 UTC) and "
        "`same` is ignore."
    )
    assert because(found) == ["close 104 > 102.5"]


@pytest.mark.parametrize("opposite", ["ignore", "close"])
def test_an_opposite_position_in_the_way(opposite: str) -> None:
    nodes = {**HIGH, "low": ("compare.below_level", {"level": 100.5}), "order": ("order.place", {"opposite": opposite})}
    wires = [*ON_HIGH, "candles.close > low.a", "low.out > entry.enter_short"]
    found = explained(nodes, wires, [101.0, 100.0, 101.0, 103.0, 103.0, 103.0], row=3)
    assert found.outcome == "refused"
    assert f"a short position was open (last entry 1970-01-01 02:00 UTC) and `opposite` is {opposite}" in found.summary


def test_the_last_bar_cannot_fill() -> None:
    found = explained(HIGH, ON_HIGH, [100.0, 101.0, 103.0])
    assert found.summary.endswith("it is the last bar: none follows in which an order could be filled.")


def test_a_limit_order_that_never_fills() -> None:
    nodes = {**HIGH, "order": ("order.place", {"order": "limit", "post_only": True})}
    found = explained(nodes, ON_HIGH, [100.0, 101.0, 103.0, 104.0, 105.0, 106.0], row=2)
    assert found.outcome == "refused"
    assert "no fill came of the limit order" in found.summary


def test_before_the_warm_up_is_complete() -> None:
    nodes = {"mean": ("indicator.sma", {"length": 4}), "high": ("compare.above_level", {"level": 90.0})}
    wires = ["candles.close > mean.source", "mean.out > high.a", "high.out > entry.enter_long"]
    found = explained(nodes, wires, UP, row=1)
    assert found.outcome == "warming_up"
    assert found.summary == ("Nothing is traded before the warm-up is complete: the graph needs 4 1h bars and has 2.")
    assert told(found) == ["mean is not yet known because it has 2 of 4 bars"]
    assert found.sides[0].conditions[0].met is None


def test_the_origin_of_an_unknown_value_is_named() -> None:
    """Through other nodes and clocks, down to the one that has too few bars."""
    nodes = {
        "daily": ("time.resample", {"timeframe": "1d", "if_shorter": "refuse"}),
        "trend": ("indicator.sma", {"length": 5}), "there": "time.align", "above": "compare.greater",
    }  # fmt: skip
    wires = ["candles.candles > daily.candles", "daily.close > trend.source", "trend.out > there.source",
             "candles.candles > there.candles", "candles.close > above.a", "there.out > above.b",
             "above.out > entry.enter_long"]  # fmt: skip
    found = explained(nodes, wires, np.linspace(100, 120, 24 * 3 + 5))
    assert told(found) == ["trend (1d) is not yet known because trend has 3 of 6 1d bars"]


def test_a_node_that_failed_is_named() -> None:
    nodes = {"broken": "test.failing", "high": ("compare.above_level", {"level": 90.0})}
    wires = ["candles.close > broken.a", "broken.out > high.a", "high.out > entry.enter_long"]
    found = explained(nodes, wires, UP)
    assert told(found) == ["broken is not yet known because it failed (ZeroDivisionError: on purpose)"]


def test_a_node_that_cannot_explain_itself_says_so() -> None:
    nodes = {"low": ("compare.below_level", {"level": 90.0}), "odd": "test.cannot_explain"}
    wires = ["candles.close > low.a", "low.out > odd.flag", "odd.out > entry.enter_long"]
    assert told(explained(nodes, wires, UP)) == ["odd cannot explain itself (LookupError: on purpose)"]


def test_before_from_nothing_is_traded() -> None:
    nodes = {"mean": ("indicator.sma", {"length": 3}), "high": ("compare.above_level", {"level": 90.0})}
    wires = ["candles.close > mean.source", "mean.out > high.a", "high.out > entry.enter_long"]
    explainer = Explainer(ran(nodes, wires, np.linspace(100, 110, 30), start=20 * HOUR))
    found = explainer.at(explainer.row_at(19 * HOUR))
    assert (found.outcome, found.summary) == ("outside", "This bar lies outside the run; nothing is traded.")


def test_a_decision_with_memory_is_explained_by_its_inputs() -> None:
    """Where a decision is its own state machine, its entries are still found and its inputs told."""
    document = graph({"candles": "source.candles", "buy": "test.buy_streak"}, ["candles.close > buy.close"])
    result = run(document, candles([100.0, 101, 102, 103, 104, 103, 103], spread=0.0))
    explainer = Explainer(result)
    (trade,) = result.trades
    found = explainer.at(int(trade["decision_bar"]))
    assert found.outcome == "entry"
    assert told(explainer.at(1)) == ["buy tells nothing of itself"]


def test_a_time_outside_the_candles() -> None:
    explainer = Explainer(ran(HIGH, ON_HIGH, UP))
    assert explainer.row_at(0) == 0
    assert explainer.row_at(HOUR - 1) == 0
    assert explainer.row_at(HOUR) == 1
    for outside in (-1, 6 * HOUR):
        with pytest.raises(InputError, match="no 1h bar of BTCUSDT contains"):
            explainer.row_at(outside)


def test_a_result_without_trace_cannot_be_explained() -> None:
    result = msgspec.structs.replace(ran(HIGH, ON_HIGH, UP), traces=())
    with pytest.raises(InputError, match="kept no trace"):
        Explainer(result)


def test_an_explanation_is_plain_data() -> None:
    found = explained(HIGH, ON_HIGH, UP, row=3)
    text = msgspec.json.encode(found)
    assert msgspec.json.decode(text)["decided"]["conditions"][0]["sentence"] == "close 103 > 102.5"
    assert msgspec.json.decode(text, type=type(found)) == found


def test_wires_of_the_sample_are_those_of_a_trade() -> None:
    assert {w.split(" > ")[1].split(".")[0] for w in WIRES} == {"entry", "order"} <= TAIL.keys()
