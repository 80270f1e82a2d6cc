"""Three strategies in one graph, combined in four ways, and what the back-test says of who decided."""

from typing import Any

import numpy as np
import pytest

from engine.result import Result
from engine.rows import row_value
from engine.sim.fixtures import fixture
from engine.validate import validate
from engine.values import Signal
from tests.engine.executor import CATALOGUE, graph, run, value

STRATEGIES = {
    "candles": "source.candles",
    "atr": "indicator.atr",
    # a cross of two averages
    "fast": ("indicator.ema", {"length": 10}),
    "slow": ("indicator.ema", {"length": 30}),
    "cross_up": "compare.cross_above",
    "cross_down": "compare.cross_below",
    "cross": "signal.flags",
    "cross_stop": ("stop.atr", {"multiple": 3.0}),
    # RSI comes back from an extreme
    "rsi": "indicator.rsi",
    "low": ("math.constant", {"value": 35.0}),
    "high": ("math.constant", {"value": 65.0}),
    "oversold_ends": "compare.cross_above",
    "overbought_ends": "compare.cross_below",
    "reversal": ("signal.flags", {"confidence": 0.75}),
    "reversal_stop": ("stop.percent", {"percent": 2.0}),
    # a channel breaks
    "channel": ("indicator.donchian", {"length": 20}),
    "upper": "memory.delay",
    "lower": "memory.delay",
    "break_up": "compare.cross_above",
    "break_down": "compare.cross_below",
    "breakout": ("signal.flags", {"confidence": 0.9}),
    "breakout_stop": ("stop.atr", {"multiple": 2.0}),
    "size": "size.risk",
    "order": "order.place",
}
WIRES = [
    "candles.candles > atr.candles", "candles.close > fast.source", "candles.close > slow.source",
    "fast.out > cross_up.a", "slow.out > cross_up.b", "fast.out > cross_down.a", "slow.out > cross_down.b",
    "cross_up.out > cross.enter_long", "cross_down.out > cross.enter_short", "candles.close > cross.price",
    "cross.out > cross_stop.signal", "atr.out > cross_stop.atr",
    "candles.close > rsi.source", "rsi.out > low.like", "rsi.out > high.like", "rsi.out > oversold_ends.a",
    "low.out > oversold_ends.b", "rsi.out > overbought_ends.a", "high.out > overbought_ends.b",
    "oversold_ends.out > reversal.enter_long", "overbought_ends.out > reversal.enter_short",
    "candles.close > reversal.price", "reversal.out > reversal_stop.signal",
    "candles.candles > channel.candles", "channel.upper > upper.a", "channel.lower > lower.a",
    "candles.close > break_up.a", "upper.out > break_up.b", "candles.close > break_down.a", "lower.out > break_down.b",
    "break_up.out > breakout.enter_long", "break_down.out > breakout.enter_short", "candles.close > breakout.price",
    "breakout.out > breakout_stop.signal", "atr.out > breakout_stop.atr",
    "size.out > order.size",
]  # fmt: skip
MARKET = fixture("fixture:market")
INPUTS = {"a": "cross_stop", "b": "reversal_stop", "c": "breakout_stop"}
SIGNALS = [f"{node}.out > both.{port}" for port, node in INPUTS.items()]
DONE = ["both.out > order.signal"]
READER = {"words": "text.reasons", "reader": "test.reads"}
READS = ["both.out > words.signal", "both.by > words.by", "words.out > reader.text"]
TAGS = ("signal.flags", "stop.atr", "stop.percent")


def combined(
    tag: str, nodes: dict[str, Any] | None = None, wires: list[str] | None = None, candles: Any = MARKET, **params: Any
) -> Result:
    """A back-test of the three strategies joined by one node."""
    document = graph(STRATEGIES | (nodes or {}) | {"both": (tag, params)}, [*WIRES, *SIGNALS, *DONE, *(wires or [])])
    return run(document, candles)


def decided(result: Result, ports: str = "both") -> list[tuple[int, int, str]]:
    """Row, side and deciders of each trade."""
    trace = result.traces[0]
    by = value(trace.plan, trace.columns, f"{ports}.by")
    return [(int(t["decision_bar"]), int(t["side"]), by.at(int(t["decision_bar"])) or "") for t in result.trades]


def signals(result: Result) -> dict[str, Signal]:
    trace = result.traces[0]
    return {port: value(trace.plan, trace.columns, f"{node}.out") for port, node in INPUTS.items()}


def test_priority_takes_the_first_that_speaks_with_its_stop() -> None:
    result = combined("combine.priority")
    given = signals(result)
    found = decided(result)
    assert {by for _, _, by in found} == {"a", "b", "c"}
    for trade, (row, side, by) in zip(result.trades, found, strict=True):
        assert given[by].direction[row] == side
        assert all(abs(int(given[port].direction[row])) != 1 for port in "abc"[: "abc".index(by)])
        assert trade["stop"] == pytest.approx(given[by].stop[row], abs=0.02)  # a tick


def test_a_weighted_score_names_all_that_stand_behind_it() -> None:
    result = combined("combine.weighted", silent="abstains", threshold=0.7, weight_a=2.0)
    given = signals(result)
    found = decided(result)
    assert len(found) > 10
    for row, side, by in found:
        assert by.split("+") == [port for port in "abc" if given[port].direction[row] == side]
    trace = result.traces[0]
    score = value(trace.plan, trace.columns, "both.score")
    assert all(score[row] * side >= 0.7 - 1e-9 for row, side, _ in found)


REGIME = {
    "adx": "indicator.adx",
    "bias": ("regime.bias", {"length": 50}),
    "rank": ("rolling.percentile_rank", {"length": 50}),
    "regime": ("regime.label", {"trend_and_volatile": "trending"}),
}
REGIME_WIRES = [
    "candles.candles > adx.candles", "candles.candles > bias.candles", "atr.out > rank.a",
    "adx.adx > regime.adx", "bias.strength > regime.strength", "rank.out > regime.atr_rank", "regime.out > both.label",
]  # fmt: skip


def test_the_regime_chooses_the_strategy() -> None:
    cases = [["trending", "a"], ["ranging", "b"], ["volatile", "c"]]
    result = combined("combine.switch", REGIME, REGIME_WIRES, cases=cases, otherwise="none")
    trace = result.traces[0]
    label = value(trace.plan, trace.columns, "regime.out")
    given, chosen = signals(result), dict(cases)
    found = decided(result)
    assert {by for _, _, by in found} == {"a", "b", "c"}
    for row, side, by in found:
        assert chosen[label.at(row)] == by and given[by].direction[row] == side


VOTERS = {
    "above": "compare.greater",
    "below": "compare.less",
    "trend": "direction.from_flags",
    "strong": ("compare.above_level", {"level": 55.0}),
    "weak": ("compare.below_level", {"level": 45.0}),
    "momentum": "direction.from_flags",
    "upper_half": "compare.greater",
    "lower_half": "compare.less",
    "place": "direction.from_flags",
    "all": ("direction.agree", {"needed": 2}),
    "all_way": "combine.gate_direction",
    "vote": ("combine.vote", {"ratio": 2 / 3, "minimum": 3}),
    "only_vote": "combine.gate_direction",
}
VOTES = [
    "fast.out > above.a", "slow.out > above.b", "fast.out > below.a", "slow.out > below.b", "above.out > trend.up",
    "below.out > trend.down", "rsi.out > strong.a", "rsi.out > weak.a", "strong.out > momentum.up",
    "weak.out > momentum.down", "candles.close > upper_half.a", "channel.middle > upper_half.b",
    "candles.close > lower_half.a", "channel.middle > lower_half.b", "upper_half.out > place.up",
    "lower_half.out > place.down", "trend.out > vote.a", "momentum.out > vote.b", "place.out > vote.c",
    "trend.out > all.a", "momentum.out > all.b", "place.out > all.c",
    "breakout_stop.out > only_vote.signal", "vote.out > only_vote.direction", "all.out > all_way.direction",
    "only_vote.out > all_way.signal", "all_way.out > order.signal",
]  # fmt: skip


def test_a_vote_gates_a_strategy_and_its_voters_are_named() -> None:
    unused = {"cross", "cross_up", "cross_down", "cross_stop", "reversal", "reversal_stop", "oversold_ends",
              "overbought_ends", "low", "high"}  # fmt: skip
    nodes = {name: spec for name, spec in STRATEGIES.items() if name not in unused}
    wires = [w for w in WIRES if not {end.partition(".")[0] for end in w.split(" > ")} & unused]
    result = run(graph(nodes | VOTERS, [*wires, *VOTES]), MARKET)
    trace = result.traces[0]
    votes = {port: value(trace.plan, trace.columns, f"{node}.out") for port, node in
             (("a", "trend"), ("b", "momentum"), ("c", "place"))}  # fmt: skip
    found = decided(result, "all")
    assert len(found) > 5
    for row, side, by in found:
        assert by.split("+") == [port for port, said in votes.items() if said[row] == side]
        assert len(by.split("+")) >= 2


NODES: list[tuple[str, dict[str, Any]]] = [
    ("combine.priority", {}),
    ("combine.weighted", {"silent": "abstains"}),
    ("combine.agree", {"needed": 1}),
]


@pytest.mark.parametrize(("tag", "params"), NODES)
def test_the_reasons_say_what_shaped_the_signal(tag: str, params: dict[str, Any]) -> None:
    result = combined(tag, READER, READS, MARKET.part(0, 600), **params)
    trace = result.traces[0]
    out = value(trace.plan, trace.columns, "both.out")
    assert out.reasons == (*TAGS, tag)
    row, side, by = decided(result)[0]
    words = row_value(value(trace.plan, trace.columns, "words.out"), row).splitlines()
    assert words[0].startswith("signal: long" if side > 0 else "signal: short")
    assert words[-2:] == [f"shaped by: {', '.join((*TAGS, tag))}", f"decided by: {by}"]


@pytest.mark.parametrize(
    ("tag", "params", "without", "refused"),
    [
        ("combine.priority", {}, "", False),
        ("combine.priority", {}, "reversal", True),
        ("combine.confirm", {"levels": "signal"}, "reversal", False),  # it only confirms
        ("combine.confirm", {"levels": "other"}, "reversal", True),
        ("combine.confirm", {"levels": "signal"}, "cross", True),
    ],
)
def test_each_signal_whose_levels_may_be_taken_needs_a_stop(
    tag: str, params: dict[str, Any], without: str, refused: bool
) -> None:
    ports = ["signal", "other"] if tag == "combine.confirm" else ["a", "b"]
    stops = [name if name == without else f"{name}_stop" for name in ("cross", "reversal")]
    joins = [f"{node}.out > both.{port}" for node, port in zip(stops, ports, strict=True)]
    report = validate(graph(STRATEGIES | {"both": (tag, params)}, [*WIRES, *joins, *DONE]), CATALOGUE)
    errors = [i.code for i in report.issues if i.severity == "error"]
    assert errors == (["missing_stop"] if refused else [])


@pytest.mark.parametrize("name", ["fixture:flat", "fixture:wave", "fixture:crash"])
def test_no_trade_comes_from_a_bar_at_which_no_input_spoke(name: str) -> None:
    for tag in ("combine.priority", "combine.weighted", "combine.agree"):
        document = graph(STRATEGIES | {"both": tag}, [*WIRES, *SIGNALS, *DONE])
        result = run(document, fixture(name))
        spoke = np.any([np.abs(s.direction.astype(int)) == 1 for s in signals(result).values()], axis=0)
        assert all(spoke[row] for row, _, _ in decided(result))
        if name == "fixture:flat":
            assert len(result.trades) == 0
