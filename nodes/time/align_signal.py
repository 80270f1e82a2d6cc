from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.align import asof_close
from engine.needs import After, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import (
    ByteColumn,
    Candles,
    CloseTimes,
    OtherCloseTimes,
    OtherSignals,
    Signal,
    Signals,
    TimeColumn,
)
from nodes.kernels.deciders import blank_levels
from nodes.kernels.joins import taken_bytes
from nodes.kernels.signals import trade_rows


class AlignSignal(Node, frozen=True, tag="time.align_signal"):
    """Brings a trade signal from another timeframe to this one without looking ahead.

    In: source, a signal on the other clock; candles give the clock of the output.
    Out: at each bar the signal of the latest source bar that is closed when this bar closes; unknown before the first.
    Told to speak once, it is long or short only at the first bar that knows the source bar, and says nothing at those
    that follow. Where it is neither long nor short it has no levels. On a clock with longer bars only the last source
    bar of each is heard.
    """

    synonyms = ("merge", "join", "timeframe", "higher timeframe", "advisor")

    speaks: Annotated[
        Literal["once", "at_every_bar"],
        msgspec.Meta(title="Speaks", description="once per source bar, or at every bar until the next source bar"),
    ] = "once"

    def compute(
        self, source: OtherSignals, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes
    ) -> Signals:
        at = asof_close(source_times, times)
        direction = taken_bytes(source.direction, at)
        if self.speaks == "once" and len(at):
            direction = _once(direction, _news(at, source_times, candles.time))
        trades = trade_rows(direction)
        levels, rows = blank_levels(len(at)), at[trades]
        for name, column in levels.items():
            column[trades] = getattr(source, name)[rows]
        return Signal(direction=direction, reasons=(*source.reasons, "time.align_signal"), **levels)

    def lookback(self) -> int:
        return 2 if self.speaks == "once" else 1

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        source = Wants(port="source", goal=goal)
        if self.speaks == "at_every_bar":
            return source
        news = seen.column("out").direction == goal
        return After(source, Fact(met=news, yes="hears of it at this bar", no="has told it at an earlier bar"))


def _news(at: NDArray[np.int64], source_times: TimeColumn, opens: TimeColumn) -> NDArray[np.bool_]:
    """Where a source bar is heard of for the first time; at row 0, if it closed while that bar was running."""
    out = np.empty(len(at), np.bool_)
    out[0] = at[0] >= 0 and source_times[at[0]] > opens[0]
    out[1:] = at[1:] != at[:-1]
    return out


def _once(direction: ByteColumn, news: NDArray[np.bool_]) -> ByteColumn:
    """The direction with nothing said where a trade is not news; unknown stays unknown."""
    return np.where(news | (direction & 1 == 0), direction, np.int8(0))
