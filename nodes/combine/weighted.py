from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from engine.needs import Compare, Goal, Hints, Need, Seen, all_wired
from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, FloatColumn, Label, Number, Signal, Signals
from nodes.kernels.deciders import levels_of, reasons_of, sets_label, wired
from nodes.kernels.signals import trade_rows
from nodes.kernels.votes import SLACK, first_or_largest, run_score, run_weigh, votes_of

Weight = Annotated[float, msgspec.Meta(ge=0, le=1000, title="Weight", description="of this input beside the others")]


class Weighed(NamedTuple):
    """The joint signal, its score and who stands behind it."""

    out: Signals
    score: Number
    by: Label


class Weighted(Node, frozen=True, tag="combine.weighted"):
    """One signal from the weighted opinions of up to seven.

    In: a to g, signals; one that is unknown does not vote, its weight does not count.
    Out: signal, long or short where the score is far enough from 0; its confidence is the score without its sign, its
    levels, quality and environment are those of one input that agrees; score, -1 to 1, the mean of direction times
    confidence by weight; by, the inputs that agree with the signal. Unknown where fewer than `minimum` inputs are
    known.
    """

    synonyms = ("ensemble", "score", "blend", "mixture", "sum of signals", "average")

    weight_a: Weight = 1.0
    weight_b: Weight = 1.0
    weight_c: Weight = 1.0
    weight_d: Weight = 1.0
    weight_e: Weight = 1.0
    weight_f: Weight = 1.0
    weight_g: Weight = 1.0
    threshold: Annotated[
        float, msgspec.Meta(ge=0, le=1, title="Threshold", description="least score for a trade, 0 to 1")
    ] = 0.5
    minimum: Annotated[int, msgspec.Meta(ge=1, le=7, title="Voters", description="inputs that must be known")] = 1
    silent: Annotated[
        Literal["counts", "abstains"],
        msgspec.Meta(title="No signal", description="one that says nothing pulls the score to 0, or does not vote"),
    ] = "counts"
    levels: Annotated[
        Literal["strongest", "first"],
        msgspec.Meta(
            title="Levels of", description="the agreeing input with the most weight times confidence, or the first"
        ),
    ] = "strongest"

    def check(self) -> str | None:
        return None if any(self._weights().values()) else "all weights are 0: nothing would ever be decided"

    def compute(
        self,
        a: Signals,
        b: Signals | None = None,
        c: Signals | None = None,
        d: Signals | None = None,
        e: Signals | None = None,
        f: Signals | None = None,
        g: Signals | None = None,
    ) -> Weighed:
        inputs = wired(a=a, b=b, c=c, d=d, e=e, f=f, g=g)
        given, weights = list(inputs.values()), [self._weights()[name] for name in inputs]
        votes = votes_of(given)
        score, out = self._score(votes, given, weights)
        trades = trade_rows(out)
        # weight times confidence of the inputs that agree, NaN of the others and of those without weight
        power = np.array([s.confidence[trades] * w for s, w in zip(given, weights, strict=True)])
        power[(np.array([v[trades] for v in votes]) != out[trades]) | (power == 0)] = np.nan
        levels = levels_of(given, trades, first_or_largest(power, largest=self.levels == "strongest"), len(out))
        levels["confidence"][trades] = np.abs(score[trades])
        joint = Signal(direction=out, reasons=reasons_of(given, "combine.weighted"), **levels)
        by = np.where(out == UNKNOWN, out, np.int8(0))
        by[trades] = (~np.isnan(power) << np.arange(len(given))[:, None]).sum(axis=0)
        return Weighed(joint, score, sets_label(by, list(inputs)))

    def _score(
        self, votes: list[ByteColumn], signals: list[Signal], weights: list[float]
    ) -> tuple[FloatColumn, ByteColumn]:
        """Mean of direction times confidence by weight, and the side it is for."""
        rows, silent = len(votes[0]), int(self.silent == "counts")
        (score, weight), (known, out) = np.zeros((2, rows)), np.zeros((2, rows), np.int8)
        for vote, signal, share in zip(votes, signals, weights, strict=True):
            run_weigh(np.ascontiguousarray(vote), share, silent, weight, known)
            trades = trade_rows(vote)
            score[trades] += vote[trades] * signal.confidence[trades] * share
        run_score(score, weight, known, self.minimum, silent, self.threshold * SLACK, out)
        return score, out

    def _weights(self) -> dict[str, float]:
        return {name[-1]: getattr(self, name) for name in self.__struct_fields__ if name.startswith("weight_")}

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out" or goal not in (1, -1):
            return None
        level = int(goal) * self.threshold * SLACK
        far = Compare(a="score", relation=">=" if goal == 1 else "<=", level=level)
        return Hints(far, all_wired(seen, tuple("abcdefg"), goal))
