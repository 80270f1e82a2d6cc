from typing import Annotated

import msgspec

from engine.needs import After, Compare, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import gated, trades_of


class Environment(Node, frozen=True, tag="gate.environment"):
    """Lets a signal pass only if the market suits it.

    In: signal.
    Out: the signal with direction 0 where its market environment is below the minimum; unknown stays unknown.
    """

    synonyms = ("filter", "regime", "market environment", "with the trend", "threshold")

    minimum: Annotated[
        float,
        msgspec.Meta(ge=0, le=1, title="Minimum", description="0 against the trend, 0.5 no trend, 1 with the trend"),
    ] = 0.5

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        return gated(signal, trades, signal.environment[trades.rows] >= self.minimum, "gate.environment")

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        enough = Compare(a="signal.environment", relation=">=", level=self.minimum)
        return After(Wants(port="signal", goal=goal), enough)
