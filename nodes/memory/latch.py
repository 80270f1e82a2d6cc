from typing import ClassVar

import msgspec
import numpy as np

from engine.needs import AllOf, AnyOf, Fact, Goal, Need, Seen, Wants
from engine.node import Fold
from engine.values import Flag
from nodes.kernels.recall import run_latch


class LatchState(msgspec.Struct, frozen=True):
    """Whether the latch is set: 1, 0 or UNKNOWN."""

    held: int = 0


class Latch(Fold, frozen=True, tag="memory.latch"):
    """Stays true from a set flag until a reset flag.

    In: set, reset, flags; where both are true, reset wins.
    Out: flag, from the very bar of the set flag on; a flag that is unknown and could have changed it leaves
    it unknown until the next set or reset.
    """

    State: ClassVar[type[msgspec.Struct]] = LatchState
    synonyms = ("hold", "flip flop", "arm", "remember")

    def step(self, state: LatchState, set: Flag, reset: Flag) -> tuple[LatchState, Flag]:
        held, out = np.array([state.held]), np.empty(len(set), np.int8)
        run_latch(np.ascontiguousarray(set), np.ascontiguousarray(reset), held, out)
        return LatchState(int(held[0])), out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        before = np.zeros(len(seen.column("out")), np.int8)
        before[1:] = seen.column("out")[:-1]
        if goal:
            held = Fact(met=before == 1, yes="was set before", no="was not set before")
            return AllOf((Wants(port="reset", goal=0), AnyOf((Wants(port="set", goal=1), held))))
        free = Fact(met=before == 0, yes="was not set before", no="was set before")
        return AnyOf((Wants(port="reset", goal=1), AllOf((Wants(port="set", goal=0), free))))
