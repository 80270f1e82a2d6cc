from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number
from nodes.kernels.votes import run_add

Weight = Annotated[float, msgspec.Meta(ge=0, le=1000, title="Weight", description="of this input beside the others")]


class FromNumbers(Node, frozen=True, tag="confidence.from_numbers"):
    """A confidence from up to eight numbers, as their weighted mean.

    In: a to h, numbers, 0 to 1; what lies outside counts as 0 or 1.
    Out: confidence, 0 to 1, the mean by the weights of what is connected; where one with a weight is unknown, unknown,
    or the mean of the others if told so; unknown where nothing with a weight is known.
    The presets are for setup quality, reward to risk and market environment.
    """

    synonyms = ("score", "weighted mean", "setup quality", "grade", "blend")

    weight_a: Weight = 0.40
    weight_b: Weight = 0.25
    weight_c: Weight = 0.35
    weight_d: Weight = 0.0
    weight_e: Weight = 0.0
    weight_f: Weight = 0.0
    weight_g: Weight = 0.0
    weight_h: Weight = 0.0
    if_unknown: Annotated[
        Literal["unknown", "leave_out"],
        msgspec.Meta(title="If unknown", description="what a number that is unknown does to the confidence"),
    ] = "unknown"

    def check(self) -> str | None:
        weights = [getattr(self, n) for n in self.__struct_fields__ if n.startswith("weight_")]
        return None if any(weights) else "all weights are 0: there would never be a confidence"

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
    ) -> Number:
        total, weight, known, given = np.zeros(len(a)), np.zeros(len(a)), np.zeros(len(a), np.int8), 0
        for name, column in zip("abcdefgh", (a, b, c, d, e, f, g, h), strict=True):
            share = getattr(self, f"weight_{name}")
            if column is not None and share > 0:
                run_add(np.clip(column, 0.0, 1.0), share, total, weight, known)
                given += 1
        weight[known < (given if self.if_unknown == "unknown" else 1)] = np.nan
        return np.divide(total, weight, out=total) if given else np.full(len(a), np.nan)
