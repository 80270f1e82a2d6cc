from typing import ClassVar

import msgspec
import numpy as np

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
