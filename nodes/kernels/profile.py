"""The volume profile of a sliding window: how much was traded at which price.

The volume of a bar is spread evenly over its range.  Prices are sorted into bins whose width is a power of two: the one
for which the range of the window takes more than half of the bins wanted, but no more than all.  The bins of a window
so follow from the window alone and yet stay where they are from bar to bar: a bar that comes is added, one that leaves
is taken off, and the whole window is read again only where the width changes, where prices leave the bins kept in
memory, and once in a while, so that rounding errors do not pile up.
"""

import numpy as np

from engine.candles import FloatColumn
from engine.kernel import kernel, part
from engine.values import Candles
from nodes.kernels.prices import FloatGrid, known
from nodes.kernels.rolling import window_max, window_min

SAME = 1e-9  # volumes that differ by less, relatively, are the same volume with another rounding error
FRESH = 16  # window lengths after which the window is read again
FLAT = 1e-12  # a window whose range is a smaller share of the price has one price; bins would not fit into a float
ONE = np.uint64(1)


@part
def put_bar(h: float, w: float, volume: float, width: float, base: float, bins: FloatColumn) -> None:
    """Adds the volume of a bar, negative to take it off; `base` is the number of the first bin kept."""
    scale = 1.0 / width  # of a power of two: exact
    first, last = np.uint64(np.floor(w * scale) - base), np.uint64(np.floor(h * scale) - base)
    if last == first:
        bins[first] += volume
        return
    density = volume / (h - w)
    bins[first] += density * ((base + first + 1.0) * width - w)
    bins[last] += density * (h - (base + last) * width)
    inner = density * width
    for b in range(first + ONE, last):
        bins[b] += inner


@part
def fitting_width(span: float, most: int, width: float) -> float:
    """The power of two of which more than half of `most` and at most all lie in `span`."""
    while span > most * width:
        width *= 2.0
    while span <= most * width * 0.5:
        width *= 0.5
    return width


@part
def fullest(bins: FloatColumn, first: np.uint64, last: np.uint64) -> np.uint64:
    """The bin with the most volume, of equal ones the lowest."""
    a = b = c = d = 0.0  # four at a time, so that one comparison does not wait for the one before
    i = first
    while i + np.uint64(3) <= last:
        a = bins[i] if bins[i] > a else a
        b = bins[i + ONE] if bins[i + ONE] > b else b
        c = bins[i + np.uint64(2)] if bins[i + np.uint64(2)] > c else c
        d = bins[i + np.uint64(3)] if bins[i + np.uint64(3)] > d else d
        i = i + np.uint64(4)
    while i <= last:
        a = bins[i] if bins[i] > a else a
        i = i + ONE
    most = max(a, b, c, d) * (1.0 - SAME)
    i = first
    while bins[i] < most:
        i = i + ONE
    return i


@part
def value_area(
    bins: FloatColumn, first: np.uint64, last: np.uint64, poc: np.uint64, goal: float
) -> tuple[np.uint64, np.uint64]:
    """First and last bin around `poc` that hold `goal`, grown by the larger neighbour, the upper one of equal ones."""
    low = high = poc
    held = bins[poc]
    while held < goal and low > first and high < last:
        above, below = bins[high + ONE], bins[low - ONE]
        up = above >= below * (1.0 - SAME)
        held += above if up else below
        high = high + (ONE if up else np.uint64(0))
        low = low - (np.uint64(0) if up else ONE)
    while held < goal and high < last:
        high = high + ONE
        held += bins[high]
    while held < goal and low > first:
        low = low - ONE
        held += bins[low]
    return low, high


@kernel("f8[:]", "f8[:]", "f8[:]", "f8[:,:]", "f8[:]", "f8[:]", "f8[:,:]")
def roll_profile(
    high: FloatColumn,
    low: FloatColumn,
    volume: FloatColumn,
    extremes: FloatGrid,
    limits: FloatColumn,
    bins: FloatColumn,
    out: FloatGrid,
) -> int:
    """Rows of `out`: point of control, value area high and low.

    `extremes`: highest high and lowest low of the window; `limits`: length, bins in it, share of the volume.
    """
    length, most, share = int(limits[0]), int(limits[1]), limits[2]
    room = float(len(bins))
    width = 1.0
    base = total = 0.0
    held = run = idle = 0  # bars since the window was read, 0 = read it; known volumes in a row, volumes of 0 in a row
    for i in range(len(high)):
        out[0, i] = out[1, i] = out[2, i] = np.nan
        run = run + 1 if known(volume[i]) else 0
        idle = idle + 1 if volume[i] == 0.0 else 0
        top, bottom = extremes[0, i], extremes[1, i]
        if run < length or idle >= length or not (known(top) and known(bottom)):
            held = 0
            continue
        if not top - bottom > FLAT * abs(top):
            out[0, i], out[1, i], out[2, i] = 0.5 * (top + bottom), top, bottom
            held = 0
            continue
        wanted = fitting_width(top - bottom, most, width)
        first, last = np.floor(bottom * (1.0 / wanted)), np.floor(top * (1.0 / wanted))
        if held > 0 and held < FRESH * length and wanted == width and first >= base and last < base + room:
            put_bar(high[i - length], low[i - length], -volume[i - length], width, base, bins)
            total -= volume[i - length]
        else:
            width, base, held, total = wanted, first - np.floor((room - (last - first)) / 2.0), 0, 0.0
            for b in range(len(bins)):
                bins[b] = 0.0
            for j in range(i - length + 1, i):
                put_bar(high[j], low[j], volume[j], width, base, bins)
                total += volume[j]
        put_bar(high[i], low[i], volume[i], width, base, bins)
        total += volume[i]
        held += 1
        start, stop = np.uint64(first - base), np.uint64(last - base)
        poc = fullest(bins, start, stop)
        lowest, highest = value_area(bins, start, stop, poc, share * total * (1.0 - SAME))
        out[0, i] = min(max((base + poc + 0.5) * width, bottom), top)
        out[1, i] = min((base + highest + 1.0) * width, top)
        out[2, i] = max((base + lowest) * width, bottom)
    return 0


def volume_profile(candles: Candles, length: int, bins: int, share: float) -> FloatGrid:
    """Point of control, value area high and low of the last `length` bars, as rows."""
    extremes = np.stack([window_max(candles.high, length), window_min(candles.low, length)])
    out, room = np.empty((3, len(candles))), np.empty(4 * bins + 8)
    limits = np.array([length, bins, share], np.float64)
    roll_profile(candles.high, candles.low, candles.volume, extremes, limits, room, out)
    return out
