from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from engine.needs import AllOf, AnyOf, Fact, Goal, Measure, Need, Seen
from engine.node import Node
from engine.values import Candles, Flag, Number, PriceZones
from nodes.kernels.areas import run_at


class AtPorts(NamedTuple):
    """Whether the bar is at an area, and the nearest areas."""

    at_support: Flag
    at_resistance: Flag
    support_low: Number
    support_high: Number
    support_touches: Number
    resistance_low: Number
    resistance_high: Number
    resistance_touches: Number


class At(Node, frozen=True, tag="zone.at"):
    """Whether the price is at a support or resistance, and which is the nearest.

    In: zones, on this clock; candles.
    Out: at_support and at_resistance, true where the bar from low to high reaches into such an area or comes as close
    as the tolerance; bounds (quote currency) and touches of the nearest support and resistance: the one the bar is at,
    else the one nearest to the close. An area of either kind is both; a support below which the bar closes is none at
    that bar, nor is a resistance above which it closes. Where there is no area the flags are false and the rest is
    unknown; all is unknown where the candles are.
    """

    synonyms = ("support", "resistance", "area of interest", "AOI", "near", "touch", "level")

    tolerance: Annotated[float, Meta(ge=0, le=50, title="Tolerance", description="percent of the close")] = 0.1

    def compute(self, zones: PriceZones, candles: Candles) -> AtPorts:
        rows = len(candles)
        at_support, at_resistance = np.empty((2, rows), np.int8)
        levels = np.full((6, rows), np.nan)
        columns = (zones.since, zones.until, zones.low, zones.high, zones.kind, zones.touches)
        run_at(
            *(np.ascontiguousarray(c) for c in columns), candles.high, candles.low, candles.close,
            self.tolerance / 100, np.empty(len(zones.since), np.int64), at_support, at_resistance, levels,
        )  # fmt: skip
        return AtPorts(at_support, at_resistance, *levels)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        side = port.removeprefix("at_")
        candles, low, high = (seen.column(n) for n in ("candles", f"{side}_low", f"{side}_high"))
        slack = candles.close * (self.tolerance / 100)
        top, bottom = f"low against the top of the nearest {side}", "high against its bottom"
        below, above = ("<=", ">=") if goal else (">", "<")
        ends = (
            Measure(name=top, value=candles.low, relation=below, level=high + slack),
            Measure(name=bottom, value=candles.high, relation=above, level=low - slack),
        )
        if goal:
            return AllOf(ends)
        return AnyOf((Fact(met=np.isnan(low), yes=f"knows no {side}", no=f"knows a {side}"), *ends))
