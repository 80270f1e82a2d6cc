"""Session volume-weighted average price."""

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn, TimeColumn
from engine.kernel import kernel
from engine.node import Fold
from engine.values import Candles, Number
from nodes.kernels.memory import unpack
from nodes.kernels.prices import known, typical_price

DAY = 86_400_000
SESSIONS = {
    "day": (DAY, 0),
    "week": (7 * DAY, 3 * DAY),
}  # length, and start before 1970-01-01 (a Thursday), ms


@kernel("f8[:]", "i8", "i8", "i8[:]", "f8[:]", "f8[:]", "f8[:]")
def session_average(
    memory: FloatColumn,
    length: int,
    shift: int,
    time: TimeColumn,
    price: FloatColumn,
    volume: FloatColumn,
    out: FloatColumn,
) -> int:
    """Sums of price x volume and volume since the session began."""
    opened, whole, value, amount = memory[0], memory[1], memory[2], memory[3]
    for i in range(len(out)):
        start = float((time[i] + shift) // length * length - shift)
        if start != opened:
            whole = 1.0 if opened >= 0.0 or time[i] == start else 0.0
            value = amount = 0.0
            opened = start
        traded = price[i] * volume[i]
        if known(traded):
            value += traded
            amount += volume[i]
        else:
            whole = 0.0
        out[i] = value / amount if whole > 0.0 else np.nan
    memory[0], memory[1], memory[2], memory[3] = opened, whole, value, amount
    return 0


class VwapState(msgspec.Struct, frozen=True):
    """Start of the session (ms UTC, -1 none yet), whether (1) all its bars are known, traded value, traded amount."""

    opened: float = -1.0
    whole: float = 0.0
    value: float = 0.0
    amount: float = 0.0


class Vwap(Fold, tag="indicator.vwap", frozen=True):
    """Volume-weighted average price since the UTC session began, from the typical price (high + low + close) / 3.

    In: candles.
    Out: quote currency; NaN until something was traded in the session.  A session whose beginning is not in the data is
    NaN altogether, and one with a NaN bar from there on: an average without some bars would be another average.
    Source: Berkowitz, Logue and Noser, Journal of Finance 1988; session = day, or week from Monday, 00:00 UTC.
    """

    session: Annotated[Literal["day", "week"], Meta(title="Session", description="UTC")] = "day"

    State = VwapState

    def step(self, state: VwapState, candles: Candles) -> tuple[VwapState, Number]:
        memory, out = unpack(state), np.empty(len(candles))
        length, shift = SESSIONS[self.session]
        session_average(memory, length, shift, candles.time, typical_price(candles), candles.volume, out)
        return VwapState(*memory.tolist()), out
