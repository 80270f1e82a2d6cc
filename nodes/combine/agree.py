from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from engine.needs import Goal, Need, Seen
from engine.node import Node
from engine.values import Label, Number, Signal, Signals
from nodes.kernels.deciders import levels_of, reasons_of, sets_label, wired
from nodes.kernels.opinions import majority
from nodes.kernels.signals import trade_rows
from nodes.kernels.votes import counted, first_or_largest, members, votes_of, winner


class Agreement(NamedTuple):
    """The joint signal, how many stand behind it and who."""

    out: Signals
    votes: Number
    by: Label


class Agree(Node, frozen=True, tag="combine.agree"):
    """A signal where enough of up to seven signals say the same at the same bar.

    In: a to g, signals; one that is unknown does not vote.
    Out: signal, long or short where at least `needed` inputs say so and more than say the opposite, with the levels,
    quality and environment of one of them; votes, inputs on the side with more of them; by, the inputs that agree with
    the signal. Unknown where fewer than `needed` inputs are known.
    """

    synonyms = ("k of n", "quorum", "consensus", "ensemble", "confluence", "all", "both")

    needed: Annotated[int, msgspec.Meta(ge=1, le=7, title="Needed", description="inputs that must agree")] = 2
    levels: Annotated[
        Literal["first", "most_confident"],
        msgspec.Meta(title="Levels of", description="the first input that agrees, or the most confident one"),
    ] = "first"
    confidence: Annotated[
        Literal["mean", "lowest", "highest"],
        msgspec.Meta(title="Confidence", description="which of the confidences of the inputs that agree"),
    ] = "mean"

    def compute(
        self,
        a: Signals,
        b: Signals | None = None,
        c: Signals | None = None,
        d: Signals | None = None,
        e: Signals | None = None,
        f: Signals | None = None,
        g: Signals | None = None,
    ) -> Agreement:
        inputs = wired(a=a, b=b, c=c, d=d, e=e, f=f, g=g)
        given = list(inputs.values())
        votes = votes_of(given)
        count = counted(votes)
        out, numbers = winner(count, [self.needed] * 8, self.needed)
        trades = trade_rows(out)
        # confidences of the inputs that agree, NaN of the others
        sure = np.array([s.confidence[trades] for s in given])
        sure[np.array([v[trades] for v in votes]) != out[trades]] = np.nan
        levels = levels_of(given, trades, first_or_largest(sure, largest=self.levels == "most_confident"), len(out))
        levels["confidence"][trades] = _JOINED[self.confidence](sure, axis=0)
        joint = Signal(direction=out, reasons=reasons_of(given, "combine.agree"), **levels)
        return Agreement(joint, np.maximum(*numbers[:2]), sets_label(members(votes, out), list(inputs)))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        return majority(seen, ("a", "b", "c", "d", "e", "f", "g"), goal, self.needed) if port == "out" else None


_JOINED = {"mean": np.nanmean, "lowest": np.nanmin, "highest": np.nanmax}
