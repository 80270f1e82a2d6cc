from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import trades_of, with_target


class Percent(Node, frozen=True, tag="target.percent"):
    """A profit target some percent away from the entry.

    In: signal.
    Out: the signal with its target above the entry for longs, below it for shorts; no target where there is
    no trade; a trade whose target is unknown becomes unknown.
    """

    synonyms = ("take profit", "tp")

    percent: Annotated[float, msgspec.Meta(gt=0, le=10_000, title="Distance", description="percent of the entry")] = 4.0

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        target = trades.entry + trades.side * trades.entry * (self.percent / 100)
        return with_target(signal, trades, target, "target.percent")
