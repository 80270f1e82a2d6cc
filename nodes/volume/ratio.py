from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.node import Node
from engine.values import Candles, Number
from nodes.kernels.windows import moving_average


class Ratio(Node, frozen=True, tag="volume.ratio"):
    """The volume of a bar against what was usual before it.

    In: candles.
    Out: times the mean volume of the `length` bars before this one, which does not count; unknown in the first `length`
    bars, where one of those volumes is unknown, and where nothing was traded in them.
    """

    synonyms = ("relative volume", "rvol", "volume spike", "turnover")

    length: Annotated[int, Meta(ge=1, le=10_000, title="Length", description="bars before this one")] = 20

    def compute(self, candles: Candles) -> Number:
        volume = candles.volume
        out = np.full(len(volume), np.nan)
        usual = moving_average(volume, self.length)[:-1]
        usual[usual <= 0.0] = np.nan
        np.divide(volume[1:], usual, out=out[1:])
        return out

    def lookback(self) -> int:
        return self.length + 1
