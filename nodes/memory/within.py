from typing import Annotated

import msgspec
import numpy as np

from engine.needs import AllOf, AnyOf, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag
from nodes.kernels.recall import run_within


class Within(Node, frozen=True, tag="memory.within"):
    """True at the bar of a flag and for some bars after it.

    In: flag.
    Out: flag, true where it was true at this bar or one of the `bars` before; else unknown where it was unknown at one
    of them or where there are not as many.
    """

    synonyms = ("recently", "extend", "stretch", "any of the last", "window", "last bars")

    bars: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, title="Bars", description="bars after the flag it stays true")
    ] = 3

    def compute(self, flag: Flag) -> Flag:
        out = np.empty(len(flag), np.int8)
        run_within(np.ascontiguousarray(flag), self.bars, out)
        return out

    def lookback(self) -> int:
        return self.bars + 1

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        fired = np.cumsum(seen.column("flag") == 1)
        before = np.concatenate(([0], fired[:-1]))
        older = np.concatenate((np.zeros(self.bars + 1, fired.dtype), fired))[: len(fired)]
        lately = before > older
        yes, no = (f"was {word}true in the {self.bars} bars before" for word in ("", "not "))
        if goal:
            return AnyOf((Wants(port="flag", goal=1), Fact(met=lately, yes=yes, no=no)))
        return AllOf((Wants(port="flag", goal=0), Fact(met=~lately, yes=no, no=yes)))
