from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.needs import Goal, Need, Seen
from engine.node import Node
from engine.values import Direction, Label, Number
from nodes.kernels.deciders import sets_label
from nodes.kernels.opinions import majority
from nodes.kernels.votes import counted, members, winner


class Agreement(NamedTuple):
    """The joint direction, how many stand behind it and who."""

    out: Direction
    votes: Number
    by: Label


class Agree(Node, frozen=True, tag="direction.agree"):
    """The direction that a number of up to seven directions have in common.

    In: a to g, directions; one that is unknown does not vote.
    Out: direction, up or down where at least `needed` inputs say so and more than say the opposite, else flat; votes,
    inputs on the side with more of them; by, the inputs that agree with it. Unknown where fewer than `needed` inputs
    are known.
    """

    synonyms = ("k of n", "quorum", "consensus", "confluence", "all", "both")

    needed: Annotated[int, msgspec.Meta(ge=1, le=7, title="Needed", description="inputs that must agree")] = 2

    def compute(
        self,
        a: Direction,
        b: Direction | None = None,
        c: Direction | None = None,
        d: Direction | None = None,
        e: Direction | None = None,
        f: Direction | None = None,
        g: Direction | None = None,
    ) -> Agreement:
        inputs = {n: v for n, v in zip("abcdefg", (a, b, c, d, e, f, g), strict=True) if v is not None}
        votes = list(inputs.values())
        count = counted(votes)
        out, numbers = winner(count, [self.needed] * 8, self.needed)
        return Agreement(out, np.maximum(*numbers[:2]), sets_label(members(votes, out), list(inputs)))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        return majority(seen, ("a", "b", "c", "d", "e", "f", "g"), goal, self.needed) if port == "out" else None
