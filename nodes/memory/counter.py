from typing import ClassVar

import msgspec
import numpy as np

from engine.node import Fold
from engine.values import Flag, Number
from nodes.kernels.recall import run_counter


class CounterState(msgspec.Struct, frozen=True):
    """True bars counted so far."""

    count: int = 0


class Counter(Fold, frozen=True, tag="memory.counter"):
    """Counts the bars at which a flag was true.

    In: flag; reset, a flag that sets the count to 0, also where `flag` is true.
    Out: bars counted since the last reset, the current one included; unknown where a flag is unknown, which
    is not counted.
    """

    State: ClassVar[type[msgspec.Struct]] = CounterState
    synonyms = ("count", "tally", "number of")

    def step(self, state: CounterState, flag: Flag, reset: Flag | None = None) -> tuple[CounterState, Number]:
        never = np.zeros(len(flag), np.int8) if reset is None else np.ascontiguousarray(reset)
        count, out = np.array([state.count]), np.empty(len(flag))
        run_counter(np.ascontiguousarray(flag), never, count, out)
        return CounterState(int(count[0])), out
