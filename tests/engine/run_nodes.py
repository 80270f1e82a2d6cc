"""Nodes for tests of the executor: one that fails, decisions with memory, a query."""

from typing import Any, ClassVar

import msgspec

from engine.node import Account, Decision, Intent, Node, Query
from engine.values import Flag, Number, Signals, Size


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
