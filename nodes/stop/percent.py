from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import trades_of, with_stop


class Percent(Node, frozen=True, tag="stop.percent"):
    """A protective stop some percent away from the entry.

    In: signal.
    Out: the signal with its stop below the entry for longs, above it for shorts; no stop where there is no
    trade; a trade whose stop is unknown becomes unknown.
    """

    synonyms = ("stop loss", "sl")

    percent: Annotated[float, msgspec.Meta(gt=0, lt=100, title="Distance", description="percent of the entry")] = 2.0

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        stop = trades.entry - trades.side * trades.entry * (self.percent / 100)
        return with_stop(signal, trades, stop, "stop.percent")
