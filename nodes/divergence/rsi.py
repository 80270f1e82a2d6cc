from typing import Annotated, ClassVar, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from engine.node import Fold
from engine.values import Direction, Flag, Number
from nodes.kernels.divergences import run_divergences

NOTHING = float("nan")


class RsiState(msgspec.Struct, frozen=True):
    """The last pivot low and high (bars since it, -1 = none yet; price; oscillator), the last oscillator values, and
    the last regular and hidden divergence (side, bars for which it still counts).
    """

    low: tuple[float, float, float] = (-1.0, NOTHING, NOTHING)
    high: tuple[float, float, float] = (-1.0, NOTHING, NOTHING)
    values: tuple[float, ...] = ()
    regular: tuple[float, float] = (0.0, 0.0)
    hidden: tuple[float, float] = (0.0, 0.0)


class Divergences(NamedTuple):
    """Divergences that say the market turns, and those that say it goes on."""

    regular: Direction
    hidden: Direction


class Rsi(Fold, frozen=True, tag="divergence.rsi"):
    """Price and RSI that make different turns: a lower low in price with a higher one in RSI, and the like.

    In: high, low, flags at the bar that confirms a pivot; high_price, low_price (quote currency), its price at that
    bar: the outputs of structure.pivots; rsi, or any other oscillator.
    Out: regular, +1 where price makes a lower low and RSI a higher one, -1 where price makes a higher high and RSI a
    lower one; hidden, +1 for a higher low in price and a lower one in RSI, -1 for a lower high in price and a higher
    one in RSI; 0 otherwise or where both sides do so at once. Each pivot is compared with the one before it of its
    kind; it is known, and the divergence told, at the bar that confirms it, with the RSI it had `right` bars before,
    and for `counts_for` bars from there, unless a newer one takes its place. Unknown where a flag is, and where a price
    or RSI to compare is.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978 (regular).
    """

    State: ClassVar[type[msgspec.Struct]] = RsiState
    synonyms = ("divergence", "hidden divergence", "momentum", "oscillator", "reversal")

    right: Annotated[
        int, Meta(ge=1, le=1000, title="Right", description="bars from a pivot to its confirmation, as the pivots have")
    ] = 3
    max_bars: Annotated[int, Meta(ge=1, le=10_000, title="Bars apart", description="of the two pivots, at most")] = 60
    counts_for: Annotated[
        int, Meta(ge=1, le=10_000, title="Counts for", description="bars from the one that confirms it")
    ] = 1
    min_difference: Annotated[
        float, Meta(ge=0, le=100, title="Difference", description="of the RSI at the two pivots, at least")
    ] = 0.0

    def step(
        self, state: RsiState, high: Flag, low: Flag, high_price: Number, low_price: Number, rsi: Number
    ) -> tuple[RsiState, Divergences]:
        rows = len(rsi)
        values = np.concatenate([state.values or [NOTHING] * self.right, rsi])
        memory, held = np.array([state.low, state.high]), np.array([state.regular, state.hidden])
        limits = np.array([self.max_bars, self.min_difference, self.counts_for], np.float64)
        out = np.empty((2, rows), np.int8)
        found, levels = np.stack([low, high]), np.stack([low_price, high_price])
        run_divergences(found, levels, values[:rows], limits, memory, held, out)
        low_pivot, high_pivot = (tuple(row) for row in memory.tolist())
        regular, hidden = (tuple(row) for row in held.tolist())
        after = RsiState(low_pivot, high_pivot, tuple(values[rows:].tolist()), regular, hidden)
        return after, Divergences(out[0], out[1])

    def lookback(self) -> int:
        return self.right + 1
