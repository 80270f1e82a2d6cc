from typing import Annotated, Literal

import msgspec

from engine.node import Node
from engine.resample import resample
from engine.timeframe import MINUTE, duration
from engine.values import Candles
from nodes.source.candles import CandlePorts

Timeframe = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w"]


class Resample(Node, frozen=True, tag="time.resample"):
    """Puts closed candles together to candles of a longer timeframe.

    In: candles, whose bar length divides the longer one.
    Out: complete longer candles only, fewer rows than came in; open, high, low, close in quote currency;
    volume in base currency. Weeks begin on Monday. A bar is unknown in a column where a base bar is.
    """

    synonyms = ("timeframe", "aggregate", "higher timeframe", "downsample")

    timeframe: Annotated[Timeframe, msgspec.Meta(title="Timeframe", description="length of the longer bars")] = "4h"

    def compute(self, candles: Candles) -> CandlePorts:
        longer = resample(candles, self.timeframe)
        return CandlePorts(longer, longer.open, longer.high, longer.low, longer.close, longer.volume)

    def lookback(self) -> int:
        return self.lookback_from(MINUTE)

    def lookback_from(self, bar_ms: int) -> int:
        """Base bars of `bar_ms` needed until the last complete longer bar is known, whatever the instant."""
        return 2 * max(duration(self.timeframe) // bar_ms, 1) - 1
