from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.patterns import Pattern, by_volume, column_of, found, rejection, rows_with


class Rejection(Node, frozen=True, tag="pattern.rejection"):
    """Pin bar: a small body at one end of the bar and a long shadow to the other, a hammer or a shooting star.

    In: candles; volume_ratio (times the usual volume), needed where a pattern on less than `volume_factor` is not to
    count.
    Out: +1 hammer (long lower shadow), -1 shooting star (long upper shadow), 0 none or both at once; strength, shadow /
    range, 0 without a pattern. The limits themselves still count, the colour does not matter, a bar without a range has
    no pattern; unknown where the bar is, and where a pattern has an unknown volume ratio.
    Source: Steve Nison, Japanese Candlestick Charting Techniques, 1991, with limits relative to the range.
    """

    synonyms = ("candlestick", "pin bar", "hammer", "shooting star", "wick", "reversal")

    max_body: Annotated[float, Meta(ge=0, le=1, title="Body", description="body / range, at most")] = 0.3
    min_shadow_ratio: Annotated[
        float, Meta(ge=0, le=100, title="Long shadow", description="long shadow / body, at least")
    ] = 2.0
    max_other_shadow: Annotated[
        float, Meta(ge=0, le=1, title="Short shadow", description="short shadow / range, at most")
    ] = 0.2
    close_within: Annotated[
        float, Meta(ge=0, le=1, title="Close near the end", description="share of the range the close may be away")
    ] = 0.4
    volume_factor: Annotated[
        float,
        Meta(ge=0, le=1000, title="Volume factor", description="smallest volume ratio; 0 = volume does not count"),
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("volume_ratio",) if self.volume_factor > 0 else ()

    def compute(self, candles: Candles, volume_ratio: Number | None = None) -> Pattern:
        limits = (self.max_body, self.min_shadow_ratio, self.max_other_shadow, self.close_within)
        side = found(rejection, candles, 0, *limits)
        by_volume("pattern.rejection", side, volume_ratio, self.volume_factor)
        rows = rows_with(side)
        opened, high, low, close = (c[rows] for c in (candles.open, candles.high, candles.low, candles.close))
        shadow = np.where(side[rows] > 0, np.minimum(opened, close) - low, high - np.maximum(opened, close))
        return Pattern(side, column_of(side, rows, shadow / (high - low)))
