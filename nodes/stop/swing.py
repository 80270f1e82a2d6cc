from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.errors import NodeError
from engine.node import Node
from engine.values import Candles, Number, Signals
from nodes.kernels.rolling import window_max, window_min
from nodes.kernels.signals import trades_of, with_stop


class Swing(Node, frozen=True, tag="stop.swing"):
    """A stop beyond the extreme of the last bars.

    In: signal; candles; atr (quote currency), needed where the buffer is measured in it.
    Out: the signal with its stop below the lowest low for longs, above the highest high for shorts, the
    current bar included; no stop where there is no trade; a trade whose stop is unknown becomes unknown.
    """

    synonyms = ("stop loss", "sl", "structure", "swing low", "swing high")

    length: Annotated[int, msgspec.Meta(ge=1, le=10_000, title="Length", description="bars")] = 10
    buffer: Annotated[
        float,
        msgspec.Meta(ge=0, lt=100, title="Buffer", description="distance beyond the extreme, in `unit`"),
    ] = 0.1
    unit: Annotated[
        Literal["percent", "atr"],
        msgspec.Meta(title="Buffer unit", description="percent of the extreme, or ATRs"),
    ] = "percent"

    def requires(self) -> tuple[str, ...]:
        return ("atr",) if self.unit == "atr" else ()

    def compute(self, signal: Signals, candles: Candles, atr: Number | None = None) -> Signals:
        trades = trades_of(signal)
        low, high = window_min(candles.low, self.length), window_max(candles.high, self.length)
        extreme = np.where(trades.side == 1, low[trades.rows], high[trades.rows])
        if self.unit == "percent":
            buffer = extreme * (self.buffer / 100)
        elif atr is not None:
            buffer = atr[trades.rows] * self.buffer
        else:
            raise NodeError("stop.swing", 'the buffer is in ATRs: connect "atr" or choose percent')
        return with_stop(signal, trades, extreme - trades.side * buffer, "stop.swing")

    def lookback(self) -> int:
        return self.length
