from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.needs import Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import Direction, Number
from nodes.kernels.prices import solid
from nodes.kernels.votes import SLACK, run_add, run_score

Weight = Annotated[float, msgspec.Meta(ge=0, le=1000, title="Weight", description="of this input beside the others")]


class Scored(NamedTuple):
    """The joint direction and the score behind it."""

    out: Direction
    score: Number


class Scores(Node, frozen=True, tag="combine.scores"):
    """A direction from the weighted mean of up to eight scores.

    In: a to h, numbers, usually -1 to 1, positive for up (direction.to_number makes one of a direction and its
    confidence); one that is unknown does not count, nor does its weight.
    Out: direction, up where the score is at least the threshold, down where it is at most its negative, else flat;
    score, in the unit of the inputs. Unknown where fewer than `minimum` inputs with a weight are known.
    """

    synonyms = ("weighted", "ensemble", "blend", "average", "composite", "sentiment")

    weight_a: Weight = 1.0
    weight_b: Weight = 1.0
    weight_c: Weight = 1.0
    weight_d: Weight = 1.0
    weight_e: Weight = 1.0
    weight_f: Weight = 1.0
    weight_g: Weight = 1.0
    weight_h: Weight = 1.0
    threshold: Annotated[
        float,
        msgspec.Meta(ge=0, title="Threshold", description="least score for a direction, in its unit"),
    ] = 0.05
    minimum: Annotated[int, msgspec.Meta(ge=1, le=8, title="Voters", description="inputs that must be known")] = 1

    def check(self) -> str | None:
        weights = [getattr(self, n) for n in self.__struct_fields__ if n.startswith("weight_")]
        return None if any(weights) else "all weights are 0: nothing would ever be decided"

    def compute(
        self,
        a: Number,
        b: Number | None = None,
        c: Number | None = None,
        d: Number | None = None,
        e: Number | None = None,
        f: Number | None = None,
        g: Number | None = None,
        h: Number | None = None,
    ) -> Scored:
        (score, weight), (voters, out) = np.zeros((2, len(a))), np.zeros((2, len(a)), np.int8)
        for name, column in zip("abcdefgh", (a, b, c, d, e, f, g, h), strict=True):
            share = getattr(self, f"weight_{name}")
            if column is not None and share > 0:
                run_add(solid(column), share, score, weight, voters)
        run_score(score, weight, voters, self.minimum, 1, self.threshold * SLACK, out)
        return Scored(out, score)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if goal not in (1, -1):
            return None
        level = int(goal) * self.threshold * SLACK
        return Compare(a="score", relation=">=" if goal == 1 else "<=", level=level)
