"""A decision whose intents cannot be."""

from typing import ClassVar

import msgspec

from engine.node import Decision, Intent
from engine.values import SignalAtBar, Sizing


class Memory(msgspec.Struct, frozen=True):
    """Nothing is remembered."""


class Unsized(Decision, frozen=True, tag="fault.unsized"):
    """Wants an entry without a size.

    In: signal; size, which it ignores.
    Out: orders that nobody can execute.
    """

    State: ClassVar[type[msgspec.Struct]] = Memory

    def step(self, state: Memory, signal: SignalAtBar, size: Sizing) -> tuple[Memory, tuple[Intent, ...]]:
        return state, (Intent(action="enter", direction=1),)
