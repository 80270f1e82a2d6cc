"""A decision that raises."""

from typing import ClassVar

import msgspec

from engine.node import Decision, Intent
from engine.values import SignalAtBar, Sizing


class Memory(msgspec.Struct, frozen=True):
    """Nothing is remembered."""


class Decides(Decision, frozen=True, tag="fault.decides"):
    """Fails at every bar.

    In: signal; size.
    Out: never an order.
    """

    State: ClassVar[type[msgspec.Struct]] = Memory

    def step(self, state: Memory, signal: SignalAtBar, size: Sizing) -> tuple[Memory, tuple[Intent, ...]]:
        raise ZeroDivisionError("broken on purpose")
