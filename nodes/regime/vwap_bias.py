from typing import Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from engine.candles import FloatColumn
from engine.errors import NodeError
from engine.kernel import kernel
from engine.needs import Goal, Measure, Need, Seen
from engine.node import Fold
from engine.values import UNKNOWN, ByteColumn, Candles, Direction, Flag, Number
from nodes.indicator.vwap import SESSIONS, VwapState, session_average
from nodes.kernels.memory import unpack
from nodes.kernels.prices import known, typical_price


@kernel("f8[:]", "i1[:]", "f8[:]", "f8[:]", "f8[:]")
def anchored_average(
    memory: FloatColumn, anchor: ByteColumn, price: FloatColumn, volume: FloatColumn, out: FloatColumn
) -> int:
    """Sums of price x volume and volume since the last anchor, its own bar included; `memory` as for sessions."""
    opened, whole, value, amount = memory[0], memory[1], memory[2], memory[3]
    for i in range(len(out)):
        if anchor[i] == 1:
            opened = whole = 1.0
            value = amount = 0.0
        elif anchor[i] == UNKNOWN:
            whole = 0.0
        traded = price[i] * volume[i]
        if known(traded):
            value += traded
            amount += volume[i]
        else:
            whole = 0.0
        out[i] = value / amount if whole > 0.0 else np.nan
    memory[0], memory[1], memory[2], memory[3] = opened, whole, value, amount
    return 0


class VwapBiasPorts(NamedTuple):
    """The side of the average price the market is on, and that price."""

    out: Direction
    vwap: Number
    distance: Number


class VwapBias(Fold, frozen=True, tag="regime.vwap_bias"):
    """The side of the anchored volume-weighted average price on which the market closes.

    In: candles; anchor, a flag, needed where the average is to begin anew at its bars instead of with the session.
    Out: +1 where the close is more than `dead_band` above the average, -1 where it is as much below, else 0; vwap, the
    average of the typical prices (high + low + close) / 3 since its beginning, quote currency; distance, close / vwap -
    1, 0.01 = 1 percent. Unknown before the first beginning in the data, from an unknown bar or flag to the next, and
    until something was traded.
    """

    State = VwapState
    synonyms = ("anchored vwap", "avwap", "session", "fair price", "trend")

    begins: Annotated[
        Literal["day", "week", "flag"],
        Meta(title="Begins", description="UTC day, UTC week from Monday, or where the flag is true"),
    ] = "day"
    dead_band: Annotated[
        float, Meta(ge=0, lt=100, title="Dead band", description="percent of the average on each side that are neutral")
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("anchor",) if self.begins == "flag" else ()

    def step(self, state: VwapState, candles: Candles, anchor: Flag | None = None) -> tuple[VwapState, VwapBiasPorts]:
        memory, vwap = unpack(state), np.empty(len(candles))
        if self.begins != "flag":
            length, shift = SESSIONS[self.begins]
            session_average(memory, length, shift, candles.time, typical_price(candles), candles.volume, vwap)
        elif anchor is not None:
            anchored_average(memory, np.ascontiguousarray(anchor), typical_price(candles), candles.volume, vwap)
        else:
            raise NodeError("regime.vwap_bias", 'the average begins at a flag: connect "anchor" or choose a session')
        close, band = candles.close, self.dead_band / 100
        out = (close > vwap * (1 + band)).view(np.int8) - (close < vwap * (1 - band)).view(np.int8)
        out[np.isnan(vwap + close)] = UNKNOWN
        return VwapState(*memory.tolist()), VwapBiasPorts(out, vwap, close / vwap - 1.0)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if goal not in (1, -1):
            return None
        level = seen.column("vwap") * (1 + int(goal) * self.dead_band / 100)
        close, relation = seen.column("candles").close, ">" if goal == 1 else "<"
        return Measure(name="close against the average", value=close, relation=relation, level=level)
