from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.needs import AllOf, Compare, Goal, Need, Seen
from engine.node import Node
from engine.values import UNKNOWN, Direction, Number
from nodes.kernels.prices import solid
from nodes.kernels.structure import run_trend


class Trend(Node, frozen=True, tag="structure.trend"):
    """The trend the last two swing highs and lows make.

    In: high, previous_high, low, previous_low (quote currency) of structure.swings.
    Out: direction, up where both rise, down where both fall, otherwise flat (a range), or unknown, so that a range has
    no vote among timeframes; unknown until there are two of each.
    """

    synonyms = ("dow theory", "market structure", "higher highs", "lower lows", "range")

    in_range: Annotated[
        Literal["flat", "unknown"],
        msgspec.Meta(title="In a range", description="flat votes against a trend among timeframes, unknown abstains"),
    ] = "flat"

    def compute(self, high: Number, previous_high: Number, low: Number, previous_low: Number) -> Direction:
        out = np.empty(len(high), np.int8)
        between = 0 if self.in_range == "flat" else UNKNOWN
        run_trend(solid(high), solid(previous_high), solid(low), solid(previous_low), between, out)
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if goal not in (1, -1):
            return None
        way = ">" if goal == 1 else "<"
        return AllOf(tuple(Compare(a=side, relation=way, against=f"previous_{side}") for side in ("high", "low")))
