from typing import Annotated, NamedTuple

from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.profile import volume_profile


class ProfileLevels(NamedTuple):
    """Point of control, and the upper and lower end of the value area."""

    poc: Number
    value_high: Number
    value_low: Number


class Profile(Node, frozen=True, tag="volume.profile"):
    """Volume profile of the last bars: the price at which most was traded, and the area that holds most of it.

    In: candles; the volume of a bar counts evenly over its range.
    Out: poc, the middle of the price bin with the most volume, the lowest of equal ones; value_high and value_low, the
    ends of the value area, which grows from there by the larger neighbour until it holds `share` of the volume; quote
    currency. The width of a bin is the power of two of which more than half of `bins` and at most `bins` lie in the
    range of the window. Unknown until `length` bars are there, while one of them is unknown, and if none was traded.
    Source: J. Peter Steidlmayer, market profile, Chicago Board of Trade 1985; volume instead of time.
    """

    synonyms = ("poc", "point of control", "value area", "vah", "val", "vpvr", "market profile", "volume by price")

    length: Annotated[int, Meta(ge=1, le=10_000, title="Length", description="bars, this one included")] = 100
    bins: Annotated[int, Meta(ge=4, le=500, title="Bins", description="price bins in the window, at most")] = 32
    share: Annotated[
        float, Meta(gt=0, le=1, title="Value area", description="share of the volume that lies in the value area")
    ] = 0.7

    def compute(self, candles: Candles) -> ProfileLevels:
        return ProfileLevels(*volume_profile(candles, self.length, self.bins, self.share))

    def lookback(self) -> int:
        return self.length
