"""Defects of a column of time stamps: unit, order, spacing, alignment; and the timeframe it shows."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import TimeColumn
from engine.timeframe import DURATIONS, anchor, duration, name_of

Steps = NDArray[np.int64]
# Instants from 1970-02-20 to 2106 lie between these two in ms; in other units they lie elsewhere.
_SMALLEST, _LARGEST = 4_300_000_000, 4_300_000_000_000
_LONG_RUN = 10  # so many equal longer distances in a row are another bar length, not holes


class Defect(msgspec.Struct, frozen=True):
    """One kind of defect: its first row (0-based), how many rows have it, and the sentence about the first.

    `dated` is false where the time stamp itself is in doubt and cannot be shown as a date, `counted`
    true where the message already says how many there are.
    """

    kind: str
    row: int
    count: int
    message: str
    dated: bool = True
    counted: bool = False


class TimeFacts(msgspec.Struct, frozen=True):
    """What the time stamps say; `timeframe` is "" if no known one fits."""

    timeframe: str
    gaps: int = 0
    missing: int = 0


def instant_text(milliseconds: int) -> str:
    """An instant for people, such as "2024-01-01 00:00 UTC"; the bare number if no calendar holds it."""
    try:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return str(milliseconds)
    clock = "%H:%M" if milliseconds % 60_000 == 0 else "%H:%M:%S"
    return instant.strftime(f"%Y-%m-%d {clock} UTC")


def span_text(milliseconds: int) -> str:
    """A length of time for people: a timeframe where it is one, else whole days, hours, …, ms."""
    name = name_of(milliseconds)
    if name is not None:
        return name
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds % length == 0:
            return f"{milliseconds // length:,} {unit}"
    return f"{milliseconds:,} ms"


def plural(count: int, noun: str) -> str:
    """A count with its noun: 1 row, 2 rows."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def check_times(time: TimeColumn, timeframe: str | None, allow_gaps: bool) -> tuple[TimeFacts, list[Defect]]:
    """The timeframe and the defects of opening instants; gaps are counted instead of reported if allowed.

    Raises InputError for an unknown `timeframe`.
    """
    if timeframe is not None:
        duration(timeframe)
    defects = check_unit(time)
    if defects:
        factor = _factor(time)
        if factor is None:
            return TimeFacts(timeframe or ""), defects
        time = time * factor if factor > 0 else time // -factor
    order = None
    if (np.diff(time) <= 0).any():
        defects += check_order(time)
        order = np.argsort(time, kind="stable")
        time = time[order]
    step = np.diff(time)
    found, wrong = _timeframe(step[step > 0] if order is not None else step, timeframe)
    if not found:
        return TimeFacts(""), defects + wrong
    facts, spacing = _spacing(time, step, found, allow_gaps)
    if order is not None:
        spacing = [msgspec.structs.replace(d, row=int(order[d.row])) for d in spacing]
    return facts, defects + wrong + spacing


def check_unit(time: TimeColumn) -> list[Defect]:
    """The defect that time stamps are not in ms, recognised by their size."""
    size = np.abs(time)
    if size.max() > _LARGEST:
        wrong = size > _LARGEST
        row, count = int(wrong.argmax()), int(wrong.sum())
        unit, divisor = ("microseconds", "1,000") if size[row] <= _LARGEST * 1000 else ("nanoseconds", "1,000,000")
        cure = f"divide it by {divisor}"
    elif size[0] < _SMALLEST and size[-1] < _SMALLEST:
        row, count, unit, cure = 0, len(time), "seconds", "multiply it by 1,000"
    else:
        return []
    text = f"time stamp {time[row]} looks like {unit}, not milliseconds since 1970 UTC; {cure}"
    return [Defect(f"time stamp in {unit}", row, count, text, dated=False)]


def check_order(time: TimeColumn) -> list[Defect]:
    """The defects that time stamps do not strictly ascend."""
    step = np.diff(time)
    if len(step) > 1 and (step < 0).all():
        text = "the rows run from new to old; sort them, oldest first"
        return [Defect("newest row first", 0, len(time), text, counted=True)]
    defects: list[Defect] = []
    back = step < 0
    if back.any():
        row = int(back.argmax()) + 1
        text = f"time stamp comes after {instant_text(int(time[row - 1]))}; sort the rows, oldest first"
        defects.append(Defect("time stamp out of order", row, int(back.sum()), text))
    _, first, inverse = np.unique(time, return_index=True, return_inverse=True)
    earlier = np.arange(len(time)) - first[inverse]
    if earlier.any():
        row = int((earlier > 0).argmax())
        text = f"the same time stamp stands {plural(int(earlier[row]), 'row')} above; keep one of the two"
        defects.append(Defect("doubled time stamp", row, int(np.count_nonzero(earlier)), text))
    return defects


def _factor(time: TimeColumn) -> int | None:
    """What makes ms of these time stamps (negative = divide by), None if the rows differ in unit."""
    size = np.abs(time)
    if size.max() < _SMALLEST:
        return 1000
    if size.min() > _LARGEST * 1000:
        return -1_000_000
    return -1000 if size.min() > _LARGEST and size.max() <= _LARGEST * 1000 else None


def _timeframe(step: Steps, given: str | None) -> tuple[str, list[Defect]]:
    """The given timeframe, else the one whose length is the most common distance of two rows."""
    if not len(step):
        text = "one row alone does not show its timeframe; add rows or name the timeframe"
        return (given, []) if given else ("", [Defect("unknown timeframe", 0, 1, text)])
    common, count = _most_common(step)
    found = name_of(common)
    if found is None and not given:
        known = ", ".join(DURATIONS)
        text = f"rows are mostly {span_text(common)} apart, which is no timeframe; use one of {known}"
        return "", [Defect("unknown timeframe", 0, count, text, counted=True)]
    if given and common != duration(given) and (found or common < duration(given)):
        text = f"rows are mostly {span_text(common)} apart, not {given}; name the timeframe of the file"
        return found or "", [Defect("other timeframe", 0, count, text, counted=True)]
    return given or found or "", []


def _most_common(step: Steps) -> tuple[int, int]:
    first = step[0]
    equal = int((step == first).sum())
    if 2 * equal > len(step):
        return int(first), equal
    values, counts = np.unique(step, return_counts=True)
    best = int(counts.argmax())
    return int(values[best]), int(counts[best])


def _spacing(time: TimeColumn, step: Steps, timeframe: str, allow_gaps: bool) -> tuple[TimeFacts, list[Defect]]:
    """Gaps, mixed bar lengths and bars off the boundary; `time` ascends."""
    length = duration(timeframe)
    if not len(step) or (step == length).all():
        return TimeFacts(timeframe), _off_boundary(time[:1], len(time), timeframe)
    defects, gap = _mixed(step, length, timeframe)
    defects += _off_boundary(time, 1, timeframe)
    holes = np.flatnonzero(gap)
    missing = int((step[holes] // length - 1).sum())
    if len(holes) and not allow_gaps:
        row = int(holes[0]) + 1
        absent = max(1, int(step[holes[0]]) // length - 1)
        text = f"{plural(absent, 'bar')} of {timeframe} missing after {instant_text(int(time[row - 1]))}"
        if len(holes) > 1:
            text += f", {len(holes):,} gaps with {missing:,} missing bars in all"
        text += "; add the missing rows or allow gaps"
        defects.append(Defect("gap", row, len(holes), text, counted=True))
    return TimeFacts(timeframe, len(holes), missing), defects


def _off_boundary(time: TimeColumn, rows: int, timeframe: str) -> list[Defect]:
    """Bars that do not open on a boundary; each element of `time` stands for `rows` rows."""
    off = (time - anchor(timeframe)) % duration(timeframe)
    if not off.any():
        return []
    row = int((off != 0).argmax())
    past = span_text(int(off[row]))
    text = f"time stamp is {past} past a {timeframe} boundary; write the instant in UTC at which the bar opens"
    return [Defect("time stamp off the boundary", row, int(np.count_nonzero(off)) * rows, text)]


def _mixed(step: Steps, length: int, timeframe: str) -> tuple[list[Defect], NDArray[np.bool_]]:
    """Rows of another bar length, and where the gaps are (as a mask over `step`)."""
    other = np.zeros(len(step), np.bool_)
    for known in DURATIONS.values():
        if known < length:
            other |= step == known
        elif known > length and np.count_nonzero(step == known) >= _LONG_RUN:
            other |= _in_long_run(step == known)
    if not other.any():
        return [], step >= 2 * length
    row = int(other.argmax()) + 1
    distance = span_text(int(step[row - 1]))
    text = f"comes {distance} after the row before in a file of {timeframe} bars; split the file"
    return [Defect("other bar length", row, int(other.sum()), text)], (step >= 2 * length) & ~other


def _in_long_run(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where `mask` holds at least `_LONG_RUN` times in a row."""
    edges = np.diff(np.r_[0, mask.astype(np.int8), 0])
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    keep = np.zeros(len(mask), np.bool_)
    for start, stop in zip(starts, stops, strict=True):
        keep[start:stop] = stop - start >= _LONG_RUN
    return keep
