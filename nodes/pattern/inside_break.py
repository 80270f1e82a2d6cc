from typing import Annotated

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.patterns import Pattern, by_volume, close_place, column_of, found, inside_break, rows_with


class InsideBreak(Node, frozen=True, tag="pattern.inside_break"):
    """A close beyond a bar that had held the bars after it inside its range.

    In: candles; volume_ratio (times the usual volume) of the breaking bar, needed where a pattern on less than
    `volume_factor` is not to count.
    Out: +1 where the bar closes above the high of the mother bar, -1 below its low, 0 none; strength, where the close
    lies in the breaking bar, 1 at its high (for -1 at its low), 0 without a pattern. Inside bars may touch the high or
    low around them but not both, and each lies in the one before; a bar without a range is no part of a pattern.
    Unknown until `max_inside` + 2 bars are known in a row, and where a pattern has an unknown volume ratio.
    """

    synonyms = ("candlestick", "inside bar", "mother bar", "harami", "breakout")

    max_inside: Annotated[
        int, Meta(ge=1, le=100, title="Inside bars", description="bars inside the mother bar, at most")
    ] = 1
    volume_factor: Annotated[
        float,
        Meta(ge=0, le=1000, title="Volume factor", description="smallest volume ratio; 0 = volume does not count"),
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("volume_ratio",) if self.volume_factor > 0 else ()

    def lookback(self) -> int:
        return 2 + self.max_inside

    def compute(self, candles: Candles, volume_ratio: Number | None = None) -> Pattern:
        side = found(inside_break, candles, self.max_inside + 1, self.max_inside)
        by_volume("pattern.inside_break", side, volume_ratio, self.volume_factor)
        rows = rows_with(side)
        return Pattern(side, column_of(side, rows, close_place(candles, side, rows)))
