from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from engine.node import Node
from engine.resample import no_bars, resample
from engine.timeframe import MINUTE, duration
from engine.values import Candles
from nodes.source.candles import CandlePorts

Timeframe = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w"]


class Resample(Node, frozen=True, tag="time.resample"):
    """Puts closed candles together to candles of a longer timeframe.

    In: candles, whose bar length divides the longer one.
    Out: complete longer candles only, fewer rows than came in; open, high, low, close in quote currency;
    volume in base currency. Weeks begin on Monday. A bar is unknown in a column where a base bar is. Where the
    candles that come in are longer than the timeframe, the node refuses, or gives no bars, as told: a strategy over a
    list of timeframes then does without those that its candles cannot show.
    """

    version: ClassVar[int] = 2
    synonyms = ("timeframe", "aggregate", "higher timeframe", "downsample")

    timeframe: Annotated[Timeframe, msgspec.Meta(title="Timeframe", description="length of the longer bars")] = "4h"

    if_shorter: Annotated[
        Literal["refuse", "no_bars"],
        msgspec.Meta(title="If shorter", description="what to do where the timeframe is shorter than the candles"),
    ] = "refuse"

    @staticmethod
    def upgrade(params: Mapping[str, Any], version: int) -> dict[str, Any]:
        """Version 1 always refused."""
        return dict(params) | ({"if_shorter": "refuse"} if version == 1 else {})

    def compute(self, candles: Candles) -> CandlePorts:
        if self.if_shorter == "no_bars" and duration(self.timeframe) < candles.bar_ms:
            longer = no_bars(candles, self.timeframe)
        else:
            longer = resample(candles, self.timeframe)
        return CandlePorts(longer, longer.open, longer.high, longer.low, longer.close, longer.volume)

    def lookback(self) -> int:
        return self.lookback_from(MINUTE)

    def lookback_from(self, bar_ms: int) -> int:
        """Base bars of `bar_ms` needed until the last complete longer bar is known, whatever the instant."""
        return 2 * max(duration(self.timeframe) // bar_ms, 1) - 1
