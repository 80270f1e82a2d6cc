from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number, Signals
from nodes.kernels.signals import trades_of, with_target


class Atr(Node, frozen=True, tag="target.atr"):
    """A profit target some ATRs away from the entry.

    In: signal; atr (quote currency).
    Out: the signal with its target above the entry for longs, below it for shorts; no target where there is
    no trade; a trade whose target is unknown becomes unknown.
    """

    synonyms = ("take profit", "tp", "volatility")

    multiple: Annotated[float, msgspec.Meta(gt=0, le=100, title="Distance", description="ATRs")] = 4.0

    def compute(self, signal: Signals, atr: Number) -> Signals:
        trades = trades_of(signal)
        target = trades.entry + trades.side * atr[trades.rows] * self.multiple
        return with_target(signal, trades, target, "target.atr")
