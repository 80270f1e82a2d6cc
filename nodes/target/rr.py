from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import trades_of, with_target


class Rr(Node, frozen=True, tag="target.rr"):
    """A profit target at a multiple of the risk.

    In: signal with a stop.
    Out: the signal with its target at `multiple` times the distance from entry to stop, above the entry for
    longs, below it for shorts; no target where there is no trade; a trade without a stop becomes unknown.
    """

    synonyms = ("take profit", "tp", "risk reward", "crv")

    multiple: Annotated[float, msgspec.Meta(gt=0, le=1000, title="Multiple", description="reward / risk")] = 2.0

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        risk = np.abs(trades.entry - signal.stop[trades.rows])
        return with_target(signal, trades, trades.entry + trades.side * risk * self.multiple, "target.rr")
