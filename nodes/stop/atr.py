from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number, Signals
from nodes.kernels.signals import trades_of, with_stop


class Atr(Node, frozen=True, tag="stop.atr"):
    """A protective stop some ATRs away from the entry.

    In: signal; atr (quote currency).
    Out: the signal with its stop below the entry for longs, above it for shorts; no stop where there is no
    trade; a trade whose stop is unknown becomes unknown.
    """

    synonyms = ("stop loss", "sl", "volatility")

    multiple: Annotated[float, msgspec.Meta(gt=0, le=100, title="Distance", description="ATRs")] = 2.0

    def compute(self, signal: Signals, atr: Number) -> Signals:
        trades = trades_of(signal)
        stop = trades.entry - trades.side * atr[trades.rows] * self.multiple
        return with_stop(signal, trades, stop, "stop.atr")
