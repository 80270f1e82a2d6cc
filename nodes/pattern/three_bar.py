from typing import Annotated, Literal

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.patterns import Pattern, by_volume, close_place, column_of, found, rows_with, three_bar


class ThreeBar(Node, frozen=True, tag="pattern.three_bar"):
    """Three-bar reversal: a bar down, one with a lower high and a lower low, and one that closes above them; mirrored.

    In: candles; volume_ratio (times the usual volume) of the third bar, needed where a pattern on less than
    `volume_factor` is not to count.
    Out: +1 bullish, -1 bearish, 0 none; strength, where the close lies in the third bar, 1 at its high (for -1 at its
    low), 0 without a pattern. A close at the level itself is not beyond it; a bar without a range is no part of a
    pattern. Unknown where one of the three bars is, and where a pattern has an unknown volume ratio.
    """

    synonyms = ("candlestick", "reversal", "swing failure", "3 bar")

    min_body_ratio: Annotated[
        float, Meta(gt=0, le=1, title="Smallest body", description="body / range of the first and third bar, at least")
    ] = 0.3
    beyond: Annotated[
        Literal["both", "middle"],
        Meta(title="Closes beyond", description="the first two bars, or the middle one only"),
    ] = "both"
    volume_factor: Annotated[
        float,
        Meta(ge=0, le=1000, title="Volume factor", description="smallest volume ratio; 0 = volume does not count"),
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("volume_ratio",) if self.volume_factor > 0 else ()

    def lookback(self) -> int:
        return 3

    def compute(self, candles: Candles, volume_ratio: Number | None = None) -> Pattern:
        side = found(three_bar, candles, 2, self.min_body_ratio, self.beyond == "both")
        by_volume("pattern.three_bar", side, volume_ratio, self.volume_factor)
        rows = rows_with(side)
        return Pattern(side, column_of(side, rows, close_place(candles, side, rows)))
