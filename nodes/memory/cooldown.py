from typing import Annotated, ClassVar

import msgspec
import numpy as np

from engine.needs import AllOf, AnyOf, Fact, Goal, Need, Seen, Wants
from engine.node import Fold
from engine.values import Flag
from nodes.kernels.recall import run_cooldown


class CooldownState(msgspec.Struct, frozen=True):
    """Bars that are still to be blocked."""

    left: int = 0


class Cooldown(Fold, frozen=True, tag="memory.cooldown"):
    """Lets a flag through and then blocks it for some bars.

    In: flag.
    Out: the flag, false in the `bars` bars after one that was let through; unknown where it is unknown and
    not blocked.
    """

    State: ClassVar[type[msgspec.Struct]] = CooldownState
    synonyms = ("pause", "debounce", "wait", "throttle")

    bars: Annotated[int, msgspec.Meta(ge=1, le=100_000, title="Bars", description="bars blocked")] = 5

    def step(self, state: CooldownState, flag: Flag) -> tuple[CooldownState, Flag]:
        left, out = np.array([state.left]), np.empty(len(flag), np.int8)
        run_cooldown(np.ascontiguousarray(flag), self.bars, left, out)
        return CooldownState(int(left[0])), out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        fired = np.flatnonzero(seen.column("out") == 1)
        steps = np.zeros(len(seen.column("out")) + self.bars + 1, np.int64)
        np.add.at(steps, fired + 1, 1)
        np.add.at(steps, fired + self.bars + 1, -1)
        blocked = np.cumsum(steps)[: len(seen.column("out"))] > 0
        free = f"let nothing through in the {self.bars} bars before"
        busy = f"blocks, as it let one through in the {self.bars} bars before"
        if goal:
            return AllOf((Wants(port="flag", goal=1), Fact(met=~blocked, yes=free, no=busy)))
        return AnyOf((Wants(port="flag", goal=0), Fact(met=blocked, yes=busy, no=free)))
