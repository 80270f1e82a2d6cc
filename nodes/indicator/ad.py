"""Accumulation/distribution line."""

import msgspec
import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel
from engine.node import Fold
from engine.values import Candles, Number
from nodes.kernels.memory import add, unpack
from nodes.kernels.prices import known, money_flow_volume


@kernel("f8[:]", "f8[:]")
def accumulate(memory: FloatColumn, out: FloatColumn) -> int:
    """Turns flows into their running sum, in place."""
    total, lost = memory[0], memory[1]
    for i in range(len(out)):
        x = out[i]
        if known(x):
            total, lost = add(total, lost, x)
            out[i] = total + lost
        else:
            total = lost = 0.0
            out[i] = np.nan
    memory[0], memory[1] = total, lost
    return 0


class AdState(msgspec.Struct, frozen=True):
    """Sum so far, base currency, and what rounding took from it."""

    total: float = 0.0
    lost: float = 0.0


class Ad(Fold, tag="indicator.ad", frozen=True):
    """Accumulation/distribution line: running sum of volume, each bar weighted by where it closed in its range.

    In: candles.
    Out: base currency, counted from the first bar: its changes carry the meaning, not its level; a bar without a range
    adds 0.  A NaN bar gives NaN, and the sum starts from 0 after it.
    Source: Marc Chaikin; equals TA-Lib AD.
    """

    State = AdState

    def step(self, state: AdState, candles: Candles) -> tuple[AdState, Number]:
        memory, out = unpack(state), money_flow_volume(candles)
        accumulate(memory, out)
        return AdState(*memory.tolist()), out
