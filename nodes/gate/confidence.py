from typing import Annotated

import msgspec

from engine.needs import After, Compare, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import gated, trades_of


class Confidence(Node, frozen=True, tag="gate.confidence"):
    """Lets a signal pass only if it is confident enough.

    In: signal.
    Out: the signal with direction 0 where its confidence is below the minimum; unknown stays unknown.
    """

    synonyms = ("filter", "threshold", "minimum confidence")

    minimum: Annotated[float, msgspec.Meta(ge=0, le=1, title="Minimum", description="confidence, 0 to 1")] = 0.75

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        confidence = signal.confidence[trades.rows]
        return gated(signal, trades, confidence >= self.minimum, "gate.confidence")

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        enough = Compare(a="signal.confidence", relation=">=", level=self.minimum)
        return After(Wants(port="signal", goal=goal), enough)
