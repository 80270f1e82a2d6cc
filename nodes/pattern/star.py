from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.patterns import Pattern, by_volume, column_of, found, rows_with, star


class Star(Node, frozen=True, tag="pattern.star"):
    """Morning or evening star: a long body, a small one at its end, and a long one back into the first.

    In: candles; volume_ratio (times the usual volume) of the third bar, needed where a pattern on less than
    `volume_factor` is not to count.
    Out: +1 morning star, -1 evening star, 0 none; strength, how much of the first body the third bar took back (1 = all
    of it), 0 without a pattern. No gaps are asked for, since markets that never close have none: the small body has to
    stay on its side of the `recovery` level. A bar without a range is no part of a pattern; unknown where one of the
    three bars is, and where a pattern has an unknown volume ratio.
    Source: Steve Nison, Japanese Candlestick Charting Techniques, 1991.
    """

    synonyms = ("candlestick", "morning star", "evening star", "reversal", "doji star")

    min_body_ratio: Annotated[
        float, Meta(gt=0, le=1, title="Long body", description="body / range of the first and third bar, at least")
    ] = 0.5
    star_ratio: Annotated[
        float, Meta(ge=0, le=1, title="Small body", description="body of the star / first body, at most")
    ] = 0.3
    recovery: Annotated[
        float, Meta(gt=0, le=2, title="Recovery", description="share of the first body taken back at the close")
    ] = 0.5
    volume_factor: Annotated[
        float,
        Meta(ge=0, le=1000, title="Volume factor", description="smallest volume ratio; 0 = volume does not count"),
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("volume_ratio",) if self.volume_factor > 0 else ()

    def lookback(self) -> int:
        return 3

    def compute(self, candles: Candles, volume_ratio: Number | None = None) -> Pattern:
        side = found(star, candles, 2, self.min_body_ratio, self.star_ratio, self.recovery)
        by_volume("pattern.star", side, volume_ratio, self.volume_factor)
        rows = rows_with(side)
        end, first = candles.close[rows - 2], candles.open[rows - 2] - candles.close[rows - 2]
        back = np.minimum((candles.close[rows] - end) / first, 1.0)
        return Pattern(side, column_of(side, rows, back))
