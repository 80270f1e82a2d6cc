from engine.align import asof_close
from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Candles, CloseTimes, Direction, OtherCloseTimes, OtherDirection
from nodes.kernels.joins import taken_bytes


class AlignDirection(Node, frozen=True, tag="time.align_direction"):
    """Brings a direction from another timeframe to this one without looking ahead.

    In: source, a direction on the other clock; candles give the clock of the output.
    Out: at each bar the direction of the latest source bar that is closed when this bar closes; unknown before the
    first.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "bias", "trend", "informative")

    def compute(
        self, source: OtherDirection, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes
    ) -> Direction:
        return taken_bytes(source, asof_close(source_times, times))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="source", goal=goal)
