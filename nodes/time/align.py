import numpy as np

from engine.align import asof_close
from engine.node import Node
from engine.values import Candles, CloseTimes, Number, OtherCloseTimes, OtherNumber


class Align(Node, frozen=True, tag="time.align"):
    """Brings a number from another timeframe to this one without looking ahead.

    In: source, a number on the other clock; candles give the clock of the output.
    Out: at each bar the value of the latest source bar that is closed when this bar closes; unknown before
    the first.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "informative")

    def compute(
        self, source: OtherNumber, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes
    ) -> Number:
        if not len(source):
            return np.full(len(times), np.nan)
        at = asof_close(source_times, times)
        out = source[at]  # -1 picks a wrong value, which is overwritten
        out[at < 0] = np.nan
        return out
