from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number, Signals
from nodes.kernels.rolling import window_max, window_min
from nodes.kernels.signals import trades_of, with_stop


class Structure(Node, frozen=True, tag="stop.structure"):
    """A stop beyond the structure the trade rests on: the wicks of the last bars, a swing, an area.

    In: signal; candles; atr (quote currency); low and high, the last swings; support_low and resistance_high, the far
    bounds of the area (all in quote currency).
    Out: the signal with its stop for longs below the lowest of the wicks, low and support_low, as far as these are
    connected, for shorts above the highest of the wicks, high and resistance_high, and further away by the buffer; no
    stop where there is no trade; a trade of which one of these is unknown becomes unknown.
    """

    synonyms = ("stop loss", "sl", "swing low", "swing high", "area of interest", "market structure", "buffer")

    wick_bars: Annotated[
        int, Meta(ge=1, le=10_000, title="Wicks", description="bars whose wicks the stop lies beyond, with this one")
    ] = 3
    buffer: Annotated[float, Meta(ge=0, le=100, title="Buffer", description="ATRs beyond the structure")] = 0.5

    def compute(
        self,
        signal: Signals,
        candles: Candles,
        atr: Number,
        low: Number | None = None,
        high: Number | None = None,
        support_low: Number | None = None,
        resistance_high: Number | None = None,
    ) -> Signals:
        trades = trades_of(signal)
        bottom = window_min(candles.low, self.wick_bars)[trades.rows]
        for level in (low, support_low):
            bottom = bottom if level is None else np.minimum(bottom, level[trades.rows])
        top = window_max(candles.high, self.wick_bars)[trades.rows]
        for level in (high, resistance_high):
            top = top if level is None else np.maximum(top, level[trades.rows])
        structure = np.where(trades.side == 1, bottom, top)
        stop = structure - trades.side * atr[trades.rows] * self.buffer
        return with_stop(signal, trades, stop, "stop.structure")

    def lookback(self) -> int:
        return self.wick_bars
