from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.errors import NodeError
from engine.node import Node
from engine.values import Number, Signals
from nodes.kernels.signals import gated, trades_of, with_stop


class Level(Node, frozen=True, tag="stop.level"):
    """A stop beyond a given price.

    In: signal; low, the level for longs, and high, the level for shorts (quote currency); atr (quote currency), needed
    where the buffer is measured in it.
    Out: the signal with its stop a buffer below `low` for longs, above `high` for shorts; no stop where there is no
    trade; a trade whose stop is unknown becomes unknown, one whose stop would not be on the losing side of its entry is
    dropped.
    """

    synonyms = ("stop loss", "sl", "structure", "setup extreme", "invalidation", "price")

    buffer: Annotated[float, Meta(ge=0, lt=100, title="Buffer", description="distance beyond the level, in `unit`")] = (
        0.5
    )
    unit: Annotated[
        Literal["percent", "atr"], Meta(title="Buffer unit", description="percent of the level, or ATRs")
    ] = "atr"

    def requires(self) -> tuple[str, ...]:
        return ("atr",) if self.unit == "atr" else ()

    def compute(self, signal: Signals, low: Number, high: Number, atr: Number | None = None) -> Signals:
        trades = trades_of(signal)
        level = np.where(trades.side == 1, low[trades.rows], high[trades.rows])
        if self.unit == "percent":
            buffer = level * (self.buffer / 100)
        elif atr is not None:
            buffer = atr[trades.rows] * self.buffer
        else:
            raise NodeError("stop.level", 'the buffer is in ATRs: connect "atr" or choose percent')
        stop = level - trades.side * buffer
        protects = np.isnan(stop) | (trades.side * (trades.entry - stop) > 0)
        kept = msgspec.structs.replace(gated(signal, trades, protects, ""), reasons=signal.reasons)
        return with_stop(kept, trades_of(kept), stop[protects], "stop.level")
