"""Ten ways to look ahead, each as a node, and beside each its clean twin (field notes of the design, G11)."""

from typing import Annotated, Any, ClassVar

import msgspec
import numpy as np

from engine.align import asof_close
from engine.node import Contract, Fold, Node
from engine.resample import resample
from engine.timeframe import HOUR
from engine.values import Candles, CloseTimes, Flag, Number, OtherCloseTimes, OtherNumber, Signals
from nodes.kernels.rolling import window_max
from nodes.source.candles import CandlePorts
from nodes.time.align import Align
from nodes.time.resample import Resample
from tests.engine.executor import Catalogue


def shifted(a: Any, bars: int) -> Any:
    """A number moved by bars; to the past if negative."""
    out = np.full(len(a), np.nan)
    if bars > 0:
        out[bars:] = a[:-bars]
    else:
        out[:bars] = a[-bars:]
    return out


def mean_of(a: Any, length: int) -> Any:
    """Trailing mean, each window summed by itself."""
    out = np.full(len(a), np.nan)
    if len(a) >= length:
        out[length - 1 :] = np.lib.stride_tricks.sliding_window_view(a, length).mean(axis=1)
    return out


class Shift(Node, frozen=True, tag="leak.shift"):
    """The next value."""

    def compute(self, a: Number) -> Number:
        return shifted(a, -1)


class CleanShift(Node, frozen=True, tag="clean.shift"):
    """The value before."""

    def compute(self, a: Number) -> Number:
        return shifted(a, 1)

    def lookback(self) -> int:
        return 2


class CentredMean(Node, frozen=True, tag="leak.centred_mean"):
    """The mean of five bars around each bar."""

    def compute(self, a: Number) -> Number:
        return shifted(mean_of(a, 5), -2)

    def lookback(self) -> int:
        return 5


class CleanMean(Node, frozen=True, tag="clean.centred_mean"):
    """The mean of the last five bars."""

    def compute(self, a: Number) -> Number:
        return mean_of(a, 5)

    def lookback(self) -> int:
        return 5


class FullSampleScore(Node, frozen=True, tag="leak.full_sample_score"):
    """Distance from the mean of the whole sample in its standard deviations."""

    def compute(self, a: Number) -> Number:
        known = a[~np.isnan(a)]
        return (a - known.mean()) / known.std() if len(known) > 1 else np.full(len(a), np.nan)


class CleanScore(Node, frozen=True, tag="clean.full_sample_score"):
    """Distance from the mean of the last 20 bars in their standard deviations."""

    def compute(self, a: Number) -> Number:
        out = np.full(len(a), np.nan)
        if len(a) >= 20:
            windows = np.lib.stride_tricks.sliding_window_view(a, 20)
            out[19:] = (a[19:] - windows.mean(axis=1)) / windows.std(axis=1)
        return out

    def lookback(self) -> int:
        return 20


BEFORE, AFTER = 200, 3  # bars before and after a top that are lower: it comes about once in 100 bars


def tops(high: Any, late: int) -> Any:
    """1 at a bar whose high, `late` bars before, was the highest of BEFORE bars before and AFTER bars after it."""
    highest = window_max(np.ascontiguousarray(high), BEFORE + AFTER + 1)
    marks = (highest == shifted(high, AFTER)).astype(float)  # at the bar at which it is confirmed
    return (marks if late == AFTER else shifted(marks, late - AFTER)) == 1


class RepaintingPivot(Node, frozen=True, tag="leak.repainting_pivot"):
    """Marks a top at the bar of the top."""

    def compute(self, candles: Candles) -> Flag:
        return tops(candles.high, 0).astype(np.int8)

    def lookback(self) -> int:
        return BEFORE + AFTER + 1


class CleanPivot(Node, frozen=True, tag="clean.repainting_pivot"):
    """Marks a top once the bars after it are known."""

    def compute(self, candles: Candles) -> Flag:
        return tops(candles.high, AFTER).astype(np.int8)

    def lookback(self) -> int:
        return BEFORE + AFTER + 1


class FormingHour(Node, frozen=True, tag="leak.forming_hour"):
    """The final high of the hour a bar lies in."""

    def compute(self, candles: Candles) -> Number:
        hours, first, hour = np.unique(candles.time // HOUR, return_index=True, return_inverse=True)
        return np.maximum.reduceat(candles.high, first)[hour] if len(hours) else np.empty(0)

    def lookback(self) -> int:
        return 4


class CleanHour(Node, frozen=True, tag="clean.forming_hour"):
    """The high of the hour so far."""

    def compute(self, candles: Candles) -> Number:
        out = candles.high.copy()
        for back in (1, 2, 3):
            same = candles.time[back:] // HOUR == candles.time[:-back] // HOUR
            out[back:][same] = np.maximum(out[back:], candles.high[:-back])[same]
        return out

    def lookback(self) -> int:
        return 4


class ResampledAtOpen(Resample, frozen=True, tag="leak.resample_label"):
    """Longer candles that are known at their opening, as if their label were when they close."""

    def compute(self, candles: Candles, times: CloseTimes) -> CandlePorts:  # type: ignore[override]
        longer = resample(candles, self.timeframe)
        close = shifted(longer.close, -1) if len(longer) else longer.close
        return CandlePorts(longer, longer.open, longer.high, longer.low, close, longer.volume)


class BackFill(Node, frozen=True, tag="leak.back_fill"):
    """Fills a hole with the next known value."""

    def compute(self, a: Number) -> Number:
        known = np.flatnonzero(~np.isnan(a))
        if not len(known):
            return a.copy()
        at = np.searchsorted(known, np.arange(len(a)))
        return np.where(at < len(known), a[known[np.minimum(at, len(known) - 1)]], np.nan)


class Last(msgspec.Struct, frozen=True):
    value: float | None = None


class ForwardFill(Fold, frozen=True, tag="clean.back_fill"):
    """Fills a hole with the last known value."""

    State: ClassVar[type[msgspec.Struct]] = Last

    def step(self, state: Last, a: Number) -> tuple[Last, Number]:
        held, out = np.nan if state.value is None else state.value, a.copy()
        for i, value in enumerate(a):
            held = held if np.isnan(value) else float(value)
            out[i] = held
        return Last(None if np.isnan(held) else held), out


class Holes(Node, frozen=True, tag="clean.holes"):
    """Unknown on some days of the month."""

    def compute(self, a: Number, times: CloseTimes) -> Number:
        return np.where(times // (24 * HOUR) % 7 == 3, np.nan, a)


def split_ratios(candles: Any) -> Any:
    """Close before over open where it is above 1.5, else 1."""
    ratio = np.ones(len(candles))
    ratio[1:] = candles.close[:-1] / candles.open[1:]
    return np.where(ratio > 1.5, ratio, 1.0)


class ForwardSplit(Node, frozen=True, tag="leak.split_adjust"):
    """The close with all prices before a split divided by it, long before it was known."""

    def compute(self, candles: Candles) -> Number:
        ratio = split_ratios(candles)
        later = np.cumprod(ratio[::-1])[::-1] / ratio
        return candles.close / later


class CleanSplit(Node, frozen=True, tag="clean.split_adjust"):
    """The move of the last bar without what a split adds to it, on a price of 100."""

    def compute(self, candles: Candles) -> Number:
        return 100 * candles.close / shifted(candles.close, 1) * split_ratios(candles)

    def lookback(self) -> int:
        return 2


class EarlySignal(Node, frozen=True, tag="leak.close_of_bar"):
    """A signal on the bar before the one whose close it is made from, so that it fills at that bar's open."""

    def compute(self, signal: Signals) -> Signals:
        direction = np.zeros(len(signal.direction), np.int8)
        direction[:-1] = signal.direction[1:]
        return msgspec.structs.replace(signal, direction=direction, entry=shifted(signal.entry, -1))


class PromptSignal(Node, frozen=True, tag="clean.close_of_bar"):
    """A signal on its own bar."""

    def compute(self, signal: Signals) -> Signals:
        return msgspec.structs.replace(signal, direction=signal.direction.copy())


class AlignByOpen(Node, frozen=True, tag="leak.wrong_align"):
    """Joins the bar of the other clock that has opened, closed or not."""

    length: Annotated[int, msgspec.Meta(ge=1, title="Length", description="ms of a bar on the other clock")] = 4 * HOUR

    def compute(
        self, source: OtherNumber, candles: Candles, source_times: OtherCloseTimes, times: CloseTimes
    ) -> Number:
        at = asof_close(source_times - self.length, times)
        return np.where(at < 0, np.nan, source[at]) if len(source) else np.full(len(times), np.nan)


class CleanAlign(Align, frozen=True, tag="clean.wrong_align"):
    """Joins the bar of the other clock that has closed."""

    length: Annotated[int, msgspec.Meta(ge=1, title="Length", description="ms of a bar on the other clock")] = 4 * HOUR


class CleanResample(Resample, frozen=True, tag="clean.resample_label"):
    """Longer candles that are known at their close."""

    def compute(self, candles: Candles, times: CloseTimes) -> CandlePorts:  # type: ignore[override]
        longer = resample(candles, self.timeframe)
        return CandlePorts(longer, longer.open, longer.high, longer.low, longer.close, longer.volume)


LEAKS = tuple(
    str(c.__struct_config__.tag).removeprefix("leak.")
    for c in list(vars().values())
    if isinstance(c, type) and issubclass(c, Contract) and str(c.__struct_config__.tag).startswith("leak.")
)


class LeakyCatalogue(Catalogue):
    """The real nodes and those above."""

    def __init__(self) -> None:
        super().__init__()
        classes = [c for c in globals().values() if isinstance(c, type) and issubclass(c, Contract)]
        self.update({str(c.__struct_config__.tag): c for c in classes if c.__module__ == __name__})


LEAKY = LeakyCatalogue()
