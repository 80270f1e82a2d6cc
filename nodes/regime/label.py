from typing import Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from engine.needs import AllOf, AnyOf, Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import UNKNOWN, Flag, Labels, Number
from engine.values import Label as LabelPort
from nodes.kernels.flags import to_flag

NAMES = ("ranging", "trending", "volatile")


class RegimePorts(NamedTuple):
    """The regime, and whether the market moves unusually much, whatever the regime."""

    out: LabelPort
    volatile: Flag


class Label(Node, frozen=True, tag="regime.label"):
    """The market regime: trending, ranging or volatile.

    In: adx (0 to 100); strength of the bias, as a share (0.01 = 1 percent); atr_rank, the share of the last bars with
    no larger ATR (0 to 1).
    Out: trending where adx is at least `min_adx` and strength above `min_strength`; volatile where atr_rank is at least
    `volatile_rank`, by itself or over a trend as told; else ranging; volatile, a flag, where atr_rank is at least that,
    in a trend too. Unknown where one of the inputs is, the flag where atr_rank is.
    """

    synonyms = ("market state", "trend or range", "adx", "volatility", "phase")

    min_adx: Annotated[float, Meta(ge=0, le=100, title="ADX", description="from which on it can be a trend")] = 25.0
    min_strength: Annotated[
        float, Meta(ge=0, le=10, title="Bias strength", description="share, 0.01 = 1 percent; a trend has more")
    ] = 0.005
    volatile_rank: Annotated[
        float, Meta(ge=0, le=1, title="ATR rank", description="0 to 1, from which on it is volatile")
    ] = 0.9
    trend_and_volatile: Annotated[
        Literal["trending", "volatile"], Meta(title="A volatile trend", description="which of the two it is called")
    ] = "trending"

    def compute(self, adx: Number, strength: Number, atr_rank: Number) -> RegimePorts:
        trending, volatile = (adx >= self.min_adx) & (strength > self.min_strength), atr_rank >= self.volatile_rank
        codes = np.where(volatile, np.int8(2), np.int8(0))
        named = trending if self.trend_and_volatile == "trending" else trending & ~volatile
        codes[named] = 1
        codes[np.isnan(adx + strength + atr_rank)] = UNKNOWN
        return RegimePorts(Labels(codes, NAMES), to_flag(volatile, atr_rank))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        wild, calm = (Compare(a="atr_rank", relation=r, level=self.volatile_rank) for r in (">=", "<"))
        trend = AllOf(
            (
                Compare(a="adx", relation=">=", level=self.min_adx),
                Compare(a="strength", relation=">", level=self.min_strength),
            )
        )
        none = AnyOf(
            (
                Compare(a="adx", relation="<", level=self.min_adx),
                Compare(a="strength", relation="<=", level=self.min_strength),
            )
        )
        named = self.trend_and_volatile == "trending"
        if port == "volatile":
            return wild if goal else calm
        if goal == "trending":
            return trend if named else AllOf((trend, calm))
        if goal == "volatile":
            return AllOf((wild, none)) if named else wild
        return AllOf((none, calm))
