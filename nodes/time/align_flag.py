import numpy as np

from engine.align import asof_close
from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Candles, CloseTimes, Flag, OtherCloseTimes, OtherFlag


class AlignFlag(Node, frozen=True, tag="time.align_flag"):
    """Brings a flag from another timeframe to this one without looking ahead.

    In: source, a flag on the other clock; candles give the clock of the output.
    Out: at each bar the flag of the latest source bar that is closed when this bar closes; unknown before the
    first.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "informative")

    def compute(self, source: OtherFlag, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes) -> Flag:
        if not len(source):
            return np.full(len(times), UNKNOWN, np.int8)
        at = asof_close(source_times, times)
        out = source[at]  # -1 picks a wrong value, which is overwritten
        out[at < 0] = UNKNOWN
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="source", goal=goal)
