"""What a prompt is given: lines of values in words, written only when a bar is read."""

from typing import Any

import numpy as np
import pytest

from engine.candles import make_candles
from engine.columns import Supply
from engine.rows import row_value, text_at
from engine.values import UNKNOWN, Labels, make_zones
from nodes.text.context import Context
from nodes.text.join import Join
from nodes.text.reasons import Reasons, reward_to_risk
from tests.engine.executor import candles, columns, graph, value, walk
from tests.nodes.signals_by_hand import flags, numbers, signal

U = UNKNOWN
NAN = float("nan")


def test_values_of_every_kind_are_put_into_words() -> None:
    one = numbers(60_000.0)
    areas = make_zones(1, *(np.array([v]) for v in (0, 1, 98.0, 99.5, 1, 3, 1.0, 0)))  # type: ignore[arg-type]
    names, digits = ("close", "trend", "calm", "", "zones", "plan"), (1, 0, 0, 0, 2, 0)
    text = Context(title="Market", names=names, units=("USDT",), digits=digits).compute(
        a=one, b=flags(-1), c=flags(1), d=Labels(flags(1), ("trending", "ranging")), e=areas, f=signal(1),
        kinds={"b": "direction", "c": "flag"},
    )  # fmt: skip
    assert text_at(text, 0).splitlines() == [
        "Market",
        "close: 60000.0 USDT",
        "trend: down",
        "calm: yes",
        "d: ranging",
        "zones: 98.00 to 99.50 (3 touches)",
        "plan: long, entry 100, stop 90, target 120, confidence 1.00",
    ]


@pytest.mark.parametrize(("says", "word"), [(1, "up"), (0, "flat"), (-1, "down"), (U, "not yet known")])
def test_a_direction_reads_as_one(says: int, word: str) -> None:
    text = Context(names=("bias",)).compute(a=flags(says), kinds={"a": "direction"})
    assert text_at(text, 0) == f"bias: {word}"


@pytest.mark.parametrize(("says", "word"), [(1, "yes"), (0, "no"), (U, "not yet known")])
def test_a_flag_reads_as_one(says: int, word: str) -> None:
    assert text_at(Context(names=("ok",)).compute(a=flags(says), kinds={"a": "flag"}), 0) == f"ok: {word}"


def test_what_is_not_known_has_no_unit() -> None:
    text = Context(names=("rsi",), units=("%",)).compute(a=numbers(NAN, 50.0))
    assert (text_at(text, 0), text_at(text, 1)) == ("rsi: not yet known", "rsi: 50.00 %")


def test_candles_take_a_line_for_each_column() -> None:
    made = make_candles(
        "T", "1h", time=np.array([0]), open=numbers(1), high=numbers(3), low=numbers(0.5), close=numbers(2),
        volume=numbers(7),
    )  # fmt: skip
    text = Context(names=("bar",), digits=(1,)).compute(a=made)
    assert text_at(text, 0).splitlines() == [
        "bar open: 1.0", "bar high: 3.0", "bar low: 0.5", "bar close: 2.0", "bar volume: 7.0",
    ]  # fmt: skip


def test_texts_are_put_under_one_another() -> None:
    first, second = (Context(title=t, names=("x",)).compute(a=numbers(n)) for t, n in (("One", 1.0), ("Two", 2.0)))
    text = Join(title="All").compute(first, c=second)
    assert text_at(text, 0) == "All\nOne\nx: 1.00\nTwo\nx: 2.00"
    assert len(text) == 1


def test_a_signal_is_told_with_its_reasons() -> None:
    text = Reasons(title="Why", digits=1).compute(
        signal(-1, 0, U, reason="rsi"), Labels(flags(0, 1, U), ("a+b", "none"))
    )
    assert text_at(text, 0).splitlines() == [
        "Why",
        "signal: short, entry 100.0, stop 110.0, target 80.0, confidence 1.00",
        "reward / risk: 2.00",
        "setup quality: 0.10",
        "market environment: 0.05",
        "shaped by: rsi",
        "decided by: a+b",
    ]
    assert text_at(text, 1).splitlines()[1:3] == ["signal: nothing", "reward / risk: not yet known"]
    assert text_at(text, 1).splitlines()[-2:] == ["shaped by: none", "decided by: none"]
    assert text_at(text, 2).splitlines()[-2:] == ["shaped by: not yet known", "decided by: not yet known"]


def test_reward_to_risk_needs_levels_on_their_sides() -> None:
    said = signal(1, 1, 1)
    said.stop.flags.writeable = said.target.flags.writeable = True
    said.stop[0], said.target[1] = 101.0, NAN
    np.testing.assert_array_equal(reward_to_risk(said), [NAN, NAN, 2.0])


def test_the_plan_tells_directions_from_flags() -> None:
    document = graph(
        {
            "candles": "source.candles",
            "up": ("compare.rising", {"bars": 1}),
            "way": "direction.from_flags",
            "entry": "signal.direction",
            "words": ("text.context", {"names": ["rises", "way", "signal"]}),
            "size": "size.equity",
            "order": "order.place",
            "told": "test.reads",
        },
        [
            "candles.close > up.a", "up.out > way.up", "way.out > entry.direction", "candles.close > entry.price",
            "up.out > words.a", "way.out > words.b", "entry.out > words.c", "words.out > told.text",
            "entry.out > order.signal", "size.out > order.size",
        ],
    )  # fmt: skip
    plan, (one,) = columns(document, Supply(candles(walk(50, 3))))
    text: Any = value(plan, one, "words.out")
    row = int(np.flatnonzero(value(plan, one, "up.out") == 1)[0])
    assert row_value(text, row).splitlines()[:2] == ["rises: yes", "way: up"]
    assert row_value(text, 0).splitlines() == [
        "rises: not yet known", "way: not yet known", "signal: not yet known",
    ]  # fmt: skip
