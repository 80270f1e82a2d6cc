from engine.align import asof_close
from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Candles, CloseTimes, Label, Labels, OtherCloseTimes, OtherLabel
from nodes.kernels.joins import taken_bytes


class AlignLabel(Node, frozen=True, tag="time.align_label"):
    """Brings a label from another timeframe to this one without looking ahead.

    In: source, a label on the other clock; candles give the clock of the output.
    Out: at each bar the label of the latest source bar that is closed when this bar closes; unknown before the first.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "regime", "structure", "informative")

    def compute(self, source: OtherLabel, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes) -> Label:
        return Labels(taken_bytes(source.codes, asof_close(source_times, times)), source.names)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="source", goal=goal)
