from typing import ClassVar

import msgspec
import numpy as np

from engine.node import Fold
from engine.values import Flag, Number
from nodes.kernels.prices import solid
from nodes.kernels.recall import run_hold


class HoldState(msgspec.Struct, frozen=True):
    """The number that is held, NaN = none."""

    held: float = float("nan")


class Hold(Fold, frozen=True, tag="memory.hold"):
    """Keeps the value a number had when a flag was last true.

    In: a, a number; flag.
    Out: a at the last bar at which the flag was true, this one included, in its unit; unknown before the first such bar
    and, until the next, after a bar at which the flag was unknown.
    """

    State: ClassVar[type[msgspec.Struct]] = HoldState
    synonyms = ("sample and hold", "value when", "freeze", "remember", "valuewhen", "entry price")

    def step(self, state: HoldState, a: Number, flag: Flag) -> tuple[HoldState, Number]:
        held, out = np.array([state.held]), np.empty(len(a))
        run_hold(solid(a), np.ascontiguousarray(flag), held, out)
        return HoldState(float(held[0])), out
