import numpy as np

from engine.node import Node
from engine.values import Candles, CloseTimes, OtherCloseTimes, OtherZones, PriceZones


class AlignZones(Node, frozen=True, tag="time.align_zones"):
    """Brings price areas from another timeframe to this one without looking ahead.

    In: source, areas on the other clock; candles give the clock of the output.
    Out: at each bar the areas that hold at the latest source bar that is closed when this bar closes; none before the
    first.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "area of interest", "support", "resistance")

    def compute(
        self, source: OtherZones, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes
    ) -> PriceZones:
        # A version is there from the first bar that closes with or after its first source bar, and gone from the first
        # that closes with or after the source bar at which it no longer holds; what still holds there holds here.
        since = np.searchsorted(times, source_times[source.since])
        until = np.full(len(since), len(times))
        ended = source.until < source.rows
        until[ended] = np.searchsorted(times, source_times[source.until[ended]])
        return source.moved(since, until, len(times))
