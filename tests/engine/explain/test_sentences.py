"""What is said of small graphs on hand-made candles: every sentence, and their order."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.explain import Explainer
from tests.engine.executor import candles, graph, run
from tests.engine.explain.small import TAIL, because, explained, ran, told

CLOSE = "candles.close > {}.a"
UP: Any = [100.0, 101.0, 102.0, 103.0, 104.0]  # usual move: 1
BELOW_90, ABOVE_110 = ("compare.below_level", {"level": 90.0}), ("compare.above_level", {"level": 110.0})
NO_110 = "close 104 is not above 110 (needs +5.8 %, 6 times its usual move per bar)"
NO_90 = "close 104 is not below 90 (needs -13 %, 14 times its usual move per bar)"

# name: nodes, wires, closes, what a long lacks
FAILED: dict[str, tuple[dict[str, Any], list[str], Any, list[str]]] = {
    "a level above": (
        {"high": ABOVE_110}, [CLOSE.format("high"), "high.out > entry.enter_long"], UP, [NO_110],
    ),
    "a level just missed": (
        {"high": ("compare.above_level", {"level": 104.0})}, [CLOSE.format("high"), "high.out > entry.enter_long"], UP,
        ["close 104 is not above 104 (needs any move)"],
    ),
    "less than a usual move": (
        {"high": ("compare.above_level", {"level": 104.5})}, [CLOSE.format("high"), "high.out > entry.enter_long"], UP,
        ["close 104 is not above 104.5 (needs +0.48 %, 0.5 of its usual move per bar)"],
    ),
    "numbers that differ late": (
        {"high": ("compare.above_level", {"level": 104.0001})}, [CLOSE.format("high"), "high.out > entry.enter_long"],
        UP, ["close 104 is not above 104.0001 (needs +0.000096 %, 0.0001 of its usual move per bar)"],
    ),
    "between, from above": (
        {"band": ("compare.between", {"low": 50.0, "high": 100.0})},
        [CLOSE.format("band"), "band.out > entry.enter_long"], UP,
        ["close 104 is not at or below 100 (needs -3.8 %, 4 times its usual move per bar)"],
    ),
    "a falling number wanted": (
        {"falls": ("compare.falling", {"bars": 2})}, [CLOSE.format("falls"), "falls.out > entry.enter_long"], UP,
        ["close 104 is not below its value 2 bars before, 102 (needs -1.9 %, 2 times its usual move per bar)"],
    ),
    "a cross that came a bar too early": (
        {"cross": "compare.cross_above", "level": ("math.constant", {"value": 102.5})},
        [CLOSE.format("cross"), "level.out > cross.b", "candles.close > level.like", "cross.out > entry.enter_long"],
        UP,
        ["one bar before, close 103 was not at or below level 102.5 (needed -0.49 %, 0.5 of its usual move per bar)"],
    ),
    "all of two, the nearer first": (
        {"low": BELOW_90, "high": ABOVE_110, "both": "logic.and"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > both.a", "high.out > both.b",
         "both.out > entry.enter_long"], UP, [NO_110, NO_90],
    ),
    "all of two, one of them met": (
        {"low": ("compare.above_level", {"level": 90.0}), "high": ABOVE_110, "both": "logic.and"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > both.a", "high.out > both.b",
         "both.out > entry.enter_long"], UP, [NO_110],
    ),
    "any of two: the nearer branch alone": (
        {"low": BELOW_90, "high": ABOVE_110, "one": "logic.or"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > one.a", "high.out > one.b",
         "one.out > entry.enter_long"], UP, [NO_110],
    ),
    "not: the condition turned round": (
        {"low": ("compare.above_level", {"level": 90.0}), "no": "logic.not"},
        [CLOSE.format("low"), "low.out > no.a", "no.out > entry.enter_long"], UP,
        ["close 104 is not at or below 90 (needs -13 %, 14 times its usual move per bar)"],
    ),
    "not of all: one of them has to fail": (
        {"low": ("compare.above_level", {"level": 90.0}), "mid": ("compare.above_level", {"level": 102.0}),
         "both": "logic.and", "no": "logic.not"},
        [CLOSE.format("low"), CLOSE.format("mid"), "low.out > both.a", "mid.out > both.b", "both.out > no.a",
         "no.out > entry.enter_long"], UP,
        ["close 104 is not at or below 102 (needs -1.9 %, 2 times its usual move per bar)"],
    ),
    "not of any: all of them have to fail": (
        {"low": ("compare.above_level", {"level": 90.0}), "mid": ("compare.above_level", {"level": 102.0}),
         "one": "logic.or", "no": "logic.not"},
        [CLOSE.format("low"), CLOSE.format("mid"), "low.out > one.a", "mid.out > one.b", "one.out > no.a",
         "no.out > entry.enter_long"], UP,
        ["close 104 is not at or below 102 (needs -1.9 %, 2 times its usual move per bar)",
         "close 104 is not at or below 90 (needs -13 %, 14 times its usual move per bar)"],
    ),
    "exactly one of two": (
        {"low": ("compare.above_level", {"level": 90.0}), "mid": ("compare.above_level", {"level": 102.0}),
         "one": "logic.xor"},
        [CLOSE.format("low"), CLOSE.format("mid"), "low.out > one.a", "mid.out > one.b",
         "one.out > entry.enter_long"], UP,
        ["close 104 is not at or below 102 (needs -1.9 %, 2 times its usual move per bar)"],
    ),
    "a flag of the bar before": (
        {"low": BELOW_90, "late": ("memory.delay_flag", {"initial": None})},
        [CLOSE.format("low"), "low.out > late.a", "late.out > entry.enter_long"], UP,
        ["close 103 is not below 90 (needs -13 %, 13 times its usual move per bar)"],
    ),
    "a latch that was never set": (
        {"low": BELOW_90, "high": ABOVE_110, "armed": "memory.latch"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > armed.set", "high.out > armed.reset",
         "armed.out > entry.enter_long"], UP, [NO_90],
    ),
    "a latch that is reset": (
        {"low": ("compare.above_level", {"level": 90.0}), "high": ("compare.above_level", {"level": 103.5}),
         "armed": "memory.latch"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > armed.set", "high.out > armed.reset",
         "armed.out > entry.enter_long"], UP,
        ["close 104 is not at or below 103.5 (needs -0.48 %, 0.5 of its usual move per bar)"],
    ),
    "a cooldown": (
        {"low": ("compare.above_level", {"level": 103.0}), "rest": ("memory.cooldown", {"bars": 3})},
        [CLOSE.format("low"), "low.out > rest.flag", "rest.out > entry.enter_long"], [*UP, 105.0],
        ["rest blocks, as it let one through in the 3 bars before"],
    ),
    "a node that tells nothing, with the flags it reads": (
        {"low": BELOW_90, "held": "test.silent"},
        [CLOSE.format("low"), "low.out > held.flag", "held.out > entry.enter_long"], UP, [NO_90, "held is false"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED)
def test_what_a_long_lacks(name: str) -> None:
    nodes, wires, closes, sentences = FAILED[name]
    assert told(explained(nodes, wires, closes)) == sentences


def test_a_side_without_a_wire_says_so() -> None:
    nodes, wires, closes, _ = FAILED["a level above"]
    assert told(explained(nodes, wires, closes), "short") == ["entry has no wire for enter_short"]


def test_the_other_flag_stands_in_the_way() -> None:
    """Long and short at the same bar is no signal: the long lacks that the short is not there."""
    nodes = {"low": ("compare.above_level", {"level": 90.0}), "mid": ("compare.above_level", {"level": 102.0})}
    wires = [CLOSE.format("low"), CLOSE.format("mid"), "low.out > entry.enter_long", "mid.out > entry.enter_short"]
    found = explained(nodes, wires, UP)
    assert told(found) == ["close 104 is not at or below 102 (needs -1.9 %, 2 times its usual move per bar)"]
    assert told(found, "short") == ["close 104 is not at or below 90 (needs -13 %, 14 times its usual move per bar)"]


DECIDED: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "two numbers": (
        {"ema": ("indicator.ema", {"length": 2}), "above": "compare.greater"},
        ["candles.close > ema.source", "candles.close > above.a", "ema.out > above.b", "above.out > entry.enter_long"],
        ["close 104 > ema 103.5"],
    ),
    "all of two are told": (
        {"low": ("compare.above_level", {"level": 90.0}), "mid": ("compare.above_level", {"level": 102.0}),
         "both": "logic.and"},
        [CLOSE.format("low"), CLOSE.format("mid"), "low.out > both.a", "mid.out > both.b",
         "both.out > entry.enter_long"], ["close 104 > 90", "close 104 > 102"],
    ),
    "of alternatives the ones that were so": (
        {"low": ("compare.above_level", {"level": 90.0}), "high": ABOVE_110, "one": "logic.or"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > one.a", "high.out > one.b",
         "one.out > entry.enter_long"], ["close 104 > 90"],
    ),
    "what was not so": (
        {"low": BELOW_90, "no": "logic.not"},
        [CLOSE.format("low"), "low.out > no.a", "no.out > entry.enter_long"], ["close 104 >= 90"],
    ),
    "a cross": (
        {"cross": "compare.cross_above", "level": ("math.constant", {"value": 103.5})},
        [CLOSE.format("cross"), "level.out > cross.b", "candles.close > level.like", "cross.out > entry.enter_long"],
        ["close 104 > level 103.5", "one bar before, close 103 <= level 103.5"],
    ),
    "a latch set before": (
        {"low": ("compare.below_level", {"level": 101.5}), "high": ABOVE_110, "armed": "memory.latch"},
        [CLOSE.format("low"), CLOSE.format("high"), "low.out > armed.set", "high.out > armed.reset",
         "armed.out > entry.enter_long"], ["close 104 <= 110", "armed was set before"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DECIDED)
def test_what_decided_a_long(name: str) -> None:
    nodes, wires, sentences = DECIDED[name]
    found = explained(nodes, wires, UP)
    assert because(found) == sentences
    assert [answer.met for answer in found.sides] == [True, False]


def test_slice_holds_nodes_values_rules_and_levels() -> None:
    nodes = {
        "ema": ("indicator.ema", {"length": 2}), "above": "compare.greater", "stop": ("stop.percent", {"percent": 2.0}),
        "expiry": ("exit.max_bars", {"pending": 0, "open": 48}), "other": ABOVE_110,
    }  # fmt: skip
    wires = ["candles.close > ema.source", "candles.close > above.a", "ema.out > above.b",
             "above.out > entry.enter_long", "entry.out > stop.signal", "stop.out > order.signal",
             "expiry.out > order.exits", "candles.close > other.a", "other.out > entry.enter_short"]  # fmt: skip
    document = graph({**TAIL, **nodes}, ["candles.close > entry.price", "size.out > order.size", *wires])
    found = Explainer(run(document, candles(UP, spread=0.0))).at(3)
    decided = found.decided
    assert decided is not None
    assert [n.node for n in decided.nodes] == ["candles", "ema", "above", "expiry", "entry", "size", "stop", "order"]
    words = {n.node: n.words for n in decided.nodes}
    assert words["ema"] == {"out": "102.5"}
    assert words["above"] == {"out": "true"}
    assert words["stop"] == {"out": "long, entry 103.00, stop 100.94, confidence 1.00"}
    values = {n.node: n.values for n in decided.nodes}
    assert values["candles"]["close"] == 103.0
    assert values["entry"]["out"]["direction"] == 1
    assert (decided.side, decided.entry, decided.target) == ("long", 103.0, None)
    assert decided.stop == pytest.approx(100.94)
    assert decided.size == "1 in base currency"
    assert decided.exits == ("a position is closed after 48 bars",)
    assert decided.order == "market order, same position: ignore, opposite position: reverse"


def test_gates_are_asked_only_where_there_is_a_signal() -> None:
    """A gate that blocks names its number; where no signal came it says nothing."""
    from engine.explain import Explainer

    nodes = {**TAIL, "high": ("compare.above_level", {"level": 102.0}), "sure": ("gate.confidence", {"minimum": 0.8}),
             "entry": ("signal.flags", {"confidence": 0.5})}  # fmt: skip
    wires = ["candles.close > entry.price", "candles.close > high.a", "high.out > entry.enter_long",
             "entry.out > sure.signal", "sure.out > order.signal", "size.out > order.size"]  # fmt: skip
    explainer = Explainer(run(graph(nodes, wires), candles(UP, spread=0.0)))
    assert told(explainer.at(4)) == ["confidence of entry 0.5 is not at or above 0.8 (needs +60 %)"]
    assert told(explainer.at(1)) == ["close 101 is not above 102 (needs +0.99 %, its usual move per bar)"]


def test_labels_name_nodes() -> None:
    result = ran({"mean": ("indicator.sma", {"length": 2}), "high": ABOVE_110},
                 ["candles.close > mean.source", "mean.out > high.a", "high.out > entry.enter_long"], UP)  # fmt: skip
    labelled = tuple(msgspec.structs.replace(n, label="My mean" if n.id == "mean" else "") for n in result.graph.nodes)
    result = msgspec.structs.replace(result, graph=msgspec.structs.replace(result.graph, nodes=labelled))
    (sentence,) = told(Explainer(result).at(4))
    assert sentence == "My mean 103.5 is not above 110 (needs +6.3 %, 6.5 times its usual move per bar)"


def test_distance_counts_bars_of_the_run() -> None:
    """A day's usual move is 24 hours away: the hourly condition is nearer although the daily one needs fewer moves."""
    closes = 100 + np.arange(24 * 6) * 1.0
    nodes = {
        "daily": ("time.resample", {"timeframe": "1d", "if_shorter": "refuse"}),
        "day_high": ("compare.above_level", {"level": 260.0}), "there": "time.align_flag",
        "hour_high": ("compare.above_level", {"level": 250.0}), "both": "logic.and",
    }  # fmt: skip
    wires = ["candles.candles > daily.candles", "daily.close > day_high.a", "day_high.out > there.source",
             "candles.candles > there.candles", "candles.close > hour_high.a", "there.out > both.a",
             "hour_high.out > both.b", "both.out > entry.enter_long"]  # fmt: skip
    found = explained(nodes, wires, closes)
    assert told(found) == [
        "close 243 is not above 250 (needs +2.9 %, 7 times its usual move per bar)",
        "close (1d) 243 is not above 260 (needs +7 %, 0.71 of its usual move per 1d bar)",
    ]
    hourly, daily = found.sides[0].conditions
    assert (hourly.distance, daily.distance) == (pytest.approx(7), pytest.approx(17))
    assert daily.timeframe == "1d"
