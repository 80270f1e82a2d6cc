"""Nodes for tests of the executor: one that fails, decisions with memory, a query."""

from typing import Any, ClassVar

import msgspec
import numpy as np

from engine.node import Account, Decision, Intent, Node, Query
from engine.values import (
    Candles,
    CloseTimes,
    Flag,
    Label,
    Labels,
    Number,
    PriceZones,
    Signals,
    Size,
    Texts,
    make_zones,
)


class Failing(Node, frozen=True, tag="test.failing"):
    """Fails."""

    def compute(self, a: Number) -> Number:
        raise ZeroDivisionError("on purpose")


class Shortens(Node, frozen=True, tag="test.shortens"):
    """Loses a row."""

    def compute(self, a: Number) -> Number:
        return a[1:]


class FailingSignal(Node, frozen=True, tag="test.failing_signal"):
    """Fails where a signal should come out."""

    def compute(self, signal: Signals) -> Signals:
        raise RuntimeError("no signal")


class Streak(msgspec.Struct, frozen=True):
    """How many bars rose in a row, and the close before."""

    rises: int = 0
    before: float = float("nan")


class BuyStreak(Decision, frozen=True, tag="test.buy_streak"):
    """Buys after three rises in a row, closes on the first fall; sees its account."""

    State: ClassVar[type[msgspec.Struct]] = Streak

    def step(self, state: Streak, close: Number, account: Account) -> tuple[Streak, tuple[Intent, ...]]:
        price: Any = close
        rises = state.rises + 1 if price > state.before else 0
        intents: tuple[Intent, ...] = ()
        if rises == 3 and account.position is None:
            intents = (Intent(action="enter", direction=1, size=Size(rule="quantity", value=1.0)),)
        if rises == 0 and account.position is not None:
            intents = (Intent(action="close"),)
        return Streak(rises, price), intents


class FailsLate(Decision, frozen=True, tag="test.fails_late"):
    """Buys on the fifth bar and fails from the tenth on, since its state stays what it was."""

    State: ClassVar[type[msgspec.Struct]] = Streak

    def step(self, state: Streak, close: Number) -> tuple[Streak, tuple[Intent, ...]]:
        count = state.rises + 1
        if count == 10:
            raise ValueError("tenth bar")
        intents = (Intent(action="enter", direction=1, size=Size(rule="quantity", value=1.0)),) if count == 5 else ()
        return Streak(count), intents


class Opinion(Query, frozen=True, tag="test.opinion"):
    """Asks whether to buy when the price is round."""

    def ask(self, close: Number) -> Any:
        price: Any = close
        return f"buy at {price:g}?" if price == round(price) else None

    def read(self, reply: str) -> Flag:
        answer: Any = int(reply == "yes")
        return answer


class Obeys(Decision, frozen=True, tag="test.obeys"):
    """Buys when told to."""

    State: ClassVar[type[msgspec.Struct]] = Streak

    def step(self, state: Streak, told: Flag) -> tuple[Streak, tuple[Intent, ...]]:
        yes: Any = told
        intents = (Intent(action="enter", direction=1, size=Size(rule="quantity", value=1.0)),) if yes == 1 else ()
        return state, intents


class Silent(Node, frozen=True, tag="test.silent"):
    """Passes a flag on and tells nothing of what it needs."""

    def compute(self, flag: Flag) -> Flag:
        return flag.copy()


class CannotExplain(Node, frozen=True, tag="test.cannot_explain"):
    """Fails when it is asked what it needs."""

    def compute(self, flag: Flag) -> Flag:
        return flag.copy()

    def needs(self, port: str, goal: Any, seen: Any) -> Any:
        raise LookupError("on purpose")


class Told(msgspec.Struct, frozen=True):
    """What was read at the bars so far."""

    texts: tuple[str, ...] = ()


class Reads(Decision, frozen=True, tag="test.reads"):
    """Reads a text at every bar and decides nothing."""

    State: ClassVar[type[msgspec.Struct]] = Told

    def step(self, state: Told, text: Texts) -> tuple[Told, tuple[Intent, ...]]:
        read: Any = text
        return Told((*state.texts, read)), ()


class Areas(Node, frozen=True, tag="test.areas"):
    """An area of a percent around every 50th close, for 40 bars; touched after 20 of them."""

    def compute(self, candles: Candles, times: CloseTimes) -> PriceZones:
        rows = len(candles)
        first = np.arange(0, rows, 50)
        since = np.concatenate([first, first + 20])
        until, touches = np.concatenate([first + 20, first + 40]), np.repeat([1, 2], len(first))
        keep = since < rows
        middle = np.tile(candles.close[first], 2)
        kind = np.tile(np.where(np.arange(len(first)) % 2, 1, -1), 2).astype(np.int8)
        columns: tuple[Any, ...] = (
            middle * 0.995,
            middle * 1.005,
            kind,
            touches,
            touches * 1.0,
            np.tile(times[first], 2),
        )
        return make_zones(rows, since[keep], np.minimum(until, rows)[keep], *(c[keep] for c in columns))


class Mood(Node, frozen=True, tag="test.mood"):
    """Calm and busy take turns every 30 bars."""

    def compute(self, candles: Candles) -> Label:
        return Labels((np.arange(len(candles)) // 30 % 2).astype(np.int8), ("calm", "very_busy"))


class Touch(Node, frozen=True, tag="test.touch"):
    """True at every 50th bar; reads an area and a label, and tells nothing of itself."""

    def compute(self, areas: PriceZones, mood: Label, price: Number) -> Flag:
        return (np.arange(len(price)) % 50 == 30).astype(np.int8)
