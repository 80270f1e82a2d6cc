"""On-balance volume."""

import msgspec
import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Fold
from engine.values import Candles, Number
from nodes.kernels.memory import add, unpack
from nodes.kernels.prices import known


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:]")
def balance(memory: FloatColumn, close: FloatColumn, volume: FloatColumn, out: FloatColumn) -> int:
    """Running sum of the volume, signed by the change of the close."""
    total, lost, before, seen = memory[0], memory[1], memory[2], memory[3]
    for i in range(len(out)):
        if not (known(close[i]) and known(volume[i])):
            total = lost = before = seen = 0.0
            out[i] = np.nan
            continue
        before = before if seen > 0.0 else close[i]
        side = int(close[i] > before) - int(close[i] < before)
        total, lost = add(total, lost, side * volume[i])
        before = close[i]
        seen = 1.0
        out[i] = total + lost
    memory[0], memory[1], memory[2], memory[3] = total, lost, before, seen
    return 0


class ObvState(msgspec.Struct, frozen=True):
    """Sum so far, base currency, what rounding took from it, the close before, and whether (1) there is one."""

    total: float = 0.0
    lost: float = 0.0
    before: float = 0.0
    seen: float = 0.0


class Obv(Fold, tag="indicator.obv", frozen=True):
    """On-balance volume: running sum of the volume, added when the close rises and taken off when it falls.

    In: candles.
    Out: base currency, 0 on the first bar: its changes carry the meaning, not its level.  A NaN bar gives NaN, and the
    sum starts from 0 after it.
    Source: Joseph Granville, New Key to Stock Market Profits, 1963; equals TA-Lib OBV less the first volume.
    """

    State = ObvState

    def step(self, state: ObvState, candles: Candles) -> tuple[ObvState, Number]:
        memory, out = unpack(state), np.empty(len(candles))
        balance(memory, candles.close, candles.volume, out)
        return ObvState(*memory.tolist()), out
