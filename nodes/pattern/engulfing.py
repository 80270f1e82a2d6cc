from typing import Annotated, NamedTuple

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Direction, Number
from nodes.kernels.patterns import body_share, by_volume, column_of, engulfed, engulfing, found, rows_with


class EngulfingFound(NamedTuple):
    """Side and strength of the pattern, and how many candles lie in the body."""

    out: Direction
    strength: Number
    count: Number  # pyright: ignore[reportIncompatibleMethodOverride]  the port; nobody counts in this tuple


class Engulfing(Node, frozen=True, tag="pattern.engulfing"):
    """A body that covers the body of the candle before it, which went the other way.

    In: candles; volume_ratio (times the usual volume), needed where a pattern on less than `volume_factor` is not to
    count.
    Out: +1 bullish, -1 bearish, 0 none; strength, body / range of the bar; count, how many candles before it in a row
    have their bodies inside this one, none of them unknown; both 0 without a pattern. A body of the same size does not
    cover, a bar without a range has no pattern; unknown where this or the previous bar is, and where a pattern has an
    unknown volume ratio.
    Source: Steve Nison, Japanese Candlestick Charting Techniques, 1991, with limits relative to the range.
    """

    synonyms = ("candlestick", "outside bar", "reversal", "bullish engulfing", "bearish engulfing")

    strict: Annotated[
        bool, Meta(title="Strict", description="the body must be more than `strict_body` of the range too")
    ] = True
    strict_body: Annotated[
        float, Meta(ge=0, lt=1, title="Body, strict", description="body / range must be above it, if strict")
    ] = 0.6
    min_body_ratio: Annotated[float, Meta(ge=0, le=1, title="Smallest body", description="body / range, at least")] = (
        0.3
    )
    min_count: Annotated[
        int, Meta(ge=1, le=100, title="Candles engulfed", description="candles whose bodies are covered, at least")
    ] = 1
    max_count: Annotated[
        int, Meta(ge=1, le=100, title="Candles looked at", description="bars back; `count` is at most this")
    ] = 10
    volume_factor: Annotated[
        float,
        Meta(ge=0, le=1000, title="Volume factor", description="smallest volume ratio; 0 = volume does not count"),
    ] = 0.0

    def requires(self) -> tuple[str, ...]:
        return ("volume_ratio",) if self.volume_factor > 0 else ()

    def check(self) -> str | None:
        if self.min_count > self.max_count:
            return f"min_count ({self.min_count}) is more than the max_count ({self.max_count}) candles looked at"
        return None

    def lookback(self) -> int:
        return 1 + self.max_count

    def compute(self, candles: Candles, volume_ratio: Number | None = None) -> EngulfingFound:
        side = found(engulfing, candles, 1, self.strict_body if self.strict else -1.0, self.min_body_ratio)
        by_volume("pattern.engulfing", side, volume_ratio, self.volume_factor)
        rows = rows_with(side)
        count = column_of(side, rows, 0.0)
        engulfed(candles.open, candles.close, rows, self.max_count, count)
        few = rows[count[rows] < self.min_count]
        if len(few):
            side[few], count[few] = 0, 0.0
            rows = rows_with(side)
        return EngulfingFound(side, column_of(side, rows, body_share(candles, rows)), count)
