from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.needs import After, AnyOf, Compare, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Direction, FloatColumn, Label, Labels, Number, Signals
from nodes.kernels.signals import gated, trades_of

VERDICTS = ("no_trade", "agrees", "disagrees", "neutral", "no_opinion")


class Scaled(NamedTuple):
    """The signal with its new confidence, and what the second opinion said."""

    out: Signals
    verdict: Label


class Scale(Node, frozen=True, tag="confidence.scale"):
    """A second opinion raises or lowers the confidence of a signal.

    In: signal; direction, the opinion; strength of the opinion, 0 to 1, full where not connected.
    Out: signal, its confidence times `agree` where the opinion is its own side, times `disagree` where it is the other,
    unchanged where the opinion is flat or not stronger than the minimum; verdict for each trade. What `cap` and `floor`
    forbid is not reached, and a confidence beyond them is left as it is. Unknown where the signal is.
    """

    synonyms = ("advisor", "confirm", "second opinion", "agreement", "enhance", "boost", "penalty")

    effect: Annotated[
        Literal["annotate", "scale", "veto"],
        msgspec.Meta(
            title="Effect",
            description="tell the verdict, scale the confidence, or stop contradicted trades",
        ),
    ] = "annotate"
    agree: Annotated[float, msgspec.Meta(ge=1, le=10, title="Agrees", description="factor where it agrees")] = 1.2
    disagree: Annotated[
        float, msgspec.Meta(ge=0, le=1, title="Disagrees", description="factor where it contradicts")
    ] = 0.8
    cap: Annotated[float, msgspec.Meta(ge=0, le=1, title="Cap", description="highest confidence it can raise to")] = 1.0
    floor: Annotated[
        float, msgspec.Meta(ge=0, le=1, title="Floor", description="lowest confidence it can lower to")
    ] = 0.1
    minimum: Annotated[
        float, msgspec.Meta(ge=0, le=1, title="Minimum", description="strength an opinion must exceed to count")
    ] = 0.6
    if_unknown: Annotated[
        Literal["continue_without", "unknown"],
        msgspec.Meta(title="If unknown", description="an unknown opinion changes nothing, or makes the trade unknown"),
    ] = "continue_without"

    def check(self) -> str | None:
        return f"the floor {self.floor:g} is above the cap {self.cap:g}" if self.floor > self.cap else None

    def compute(self, signal: Signals, direction: Direction, strength: Number | None = None) -> Scaled:
        trades = trades_of(signal)
        opinion = direction[trades.rows] * trades.side.astype(np.int16)
        strong = np.ones(len(opinion), np.bool_) if strength is None else strength[trades.rows] > self.minimum
        missing = direction[trades.rows] == UNKNOWN
        if strength is not None:
            missing |= np.isnan(strength[trades.rows])
        agrees, disagrees = strong & (opinion == 1), strong & (opinion == -1)
        codes = np.where(signal.direction == UNKNOWN, np.int8(UNKNOWN), np.int8(0))
        codes[trades.rows] = np.select([missing, agrees, disagrees], [4, 1, 2], 3)
        stopped = disagrees if self.effect == "veto" else np.zeros_like(disagrees)
        lost = missing if self.if_unknown == "unknown" else np.zeros_like(missing)
        out = gated(signal, trades, ~stopped, "confidence.scale", unknown=lost)
        if self.effect == "scale":
            confidence = signal.confidence.copy()
            confidence[trades.rows] = self._scaled(confidence[trades.rows], agrees, disagrees)
            out = msgspec.structs.replace(out, confidence=confidence)
        return Scaled(out, Labels(codes, VERDICTS))

    def _scaled(self, old: FloatColumn, agrees: NDArray[np.bool_], disagrees: NDArray[np.bool_]) -> FloatColumn:
        raised = np.maximum(old, np.minimum(old * self.agree, self.cap))
        lowered = np.minimum(old, np.maximum(old * self.disagree, self.floor))
        return np.where(agrees, raised, np.where(disagrees, lowered, old))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out" or goal not in (1, -1):
            return None
        signal = Wants(port="signal", goal=goal)
        # a contradiction only stops a trade if told so
        against = Wants(port="direction", goal=-int(goal), differs=True)
        if self.effect != "veto":
            return signal
        if "strength" not in seen:
            return After(signal, against, silent=True)
        weak = Compare(a="strength", relation="<=", level=self.minimum)
        return After(signal, AnyOf((against, weak)), silent=True)
