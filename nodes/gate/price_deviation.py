from typing import Annotated

import msgspec
import numpy as np

from engine.needs import After, Goal, Measure, Need, Seen, Wants
from engine.node import Node
from engine.values import Candles, Signals
from nodes.kernels.signals import CLOSE_TO, gated, trades_of


class PriceDeviation(Node, frozen=True, tag="gate.price_deviation"):
    """Lets a signal pass only if its entry is near the market.

    In: signal; candles.
    Out: the signal with direction 0 where |entry - close| is more than `maximum` percent of the close; a
    trade becomes unknown where the close is; unknown stays unknown.
    """

    synonyms = ("filter", "plausibility", "slippage", "distance")

    maximum: Annotated[float, msgspec.Meta(ge=0, le=1000, title="Maximum", description="percent of the close")] = 20.0

    def compute(self, signal: Signals, candles: Candles) -> Signals:
        trades = trades_of(signal)
        close = candles.close[trades.rows]
        limit = np.abs(close) * (self.maximum / 100 + CLOSE_TO)
        passes = np.abs(trades.entry - close) <= limit
        return gated(signal, trades, passes, "gate.price_deviation", unknown=np.isnan(close))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        signal, candles = seen.column("signal"), seen.column("candles")
        with np.errstate(divide="ignore", invalid="ignore"):
            away = 100 * np.abs(signal.entry - candles.close) / np.abs(candles.close)
        level = self.maximum + 100 * CLOSE_TO
        near = Measure(name="distance of entry and close in percent", value=away, relation="<=", level=level)
        return After(Wants(port="signal", goal=goal), near)
