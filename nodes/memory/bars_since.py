from typing import ClassVar

import msgspec
import numpy as np

from engine.node import Fold
from engine.values import Flag, Number
from nodes.kernels.recall import run_bars_since


class BarsSinceState(msgspec.Struct, frozen=True):
    """Bars since the flag was last true, -1 = never yet."""

    since: int = -1


class BarsSince(Fold, frozen=True, tag="memory.bars_since"):
    """How many bars ago a flag was last true.

    In: flag.
    Out: bars, 0 at the bar of the flag itself; unknown before the first and where the flag is unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = BarsSinceState
    synonyms = ("age", "elapsed", "barssince")

    def step(self, state: BarsSinceState, flag: Flag) -> tuple[BarsSinceState, Number]:
        since, out = np.array([state.since]), np.empty(len(flag))
        run_bars_since(np.ascontiguousarray(flag), since, out)
        return BarsSinceState(int(since[0])), out
