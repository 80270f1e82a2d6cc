from itertools import pairwise
from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits

Steps = tuple[tuple[float, float], ...]


class RrSteps(Node, frozen=True, tag="exit.rr_steps"):
    """Moves the stop in steps as the profit grows.

    In: policy, rules this one is added to.
    Out: exit policy; R is the distance from the entry to the original stop; earlier steps are replaced.
    """

    synonyms = ("break even", "tighten", "milestones", "stop steps")

    steps: Annotated[
        Steps,
        msgspec.Meta(
            min_length=1,
            max_length=20,
            title="Steps",
            description="pairs: profit reached in R, stop put at in R",
        ),
    ] = ((2.0, 1.2), (2.5, 2.0), (3.0, 2.5))

    def check(self) -> str | None:
        for reached, stop in self.steps:
            if reached <= 0:
                return f"a step needs a profit above 0 R, not {reached:g}"
            if stop >= reached:
                return f"the stop at {stop:g} R must be below the {reached:g} R that move it"
        for (before, stop_before), (after, stop_after) in pairwise(self.steps):
            if after <= before or stop_after <= stop_before:
                return f"steps must ascend in both figures: {after:g} R, {stop_after:g} R does not"
        return None

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(policy or ExitPolicy(), rr_steps=self.steps)
