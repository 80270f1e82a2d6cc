"""Milliseconds of the structure and area nodes beside a plain loop: `python -m benchmarks.structure [rows]`.

The best of many runs for ours, of one for the loop, which is the obvious one: compare each bar with its neighbours,
append what is found.  Both give the same pivots and the same labels, or nothing is printed.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.indicators import best, market
from engine.candles import Candles
from engine.values import UNKNOWN
from nodes.indicator.atr import Atr
from nodes.structure.breaks import Breaks, BreaksState
from nodes.structure.labels import NAMES, LabelsOfSwings
from nodes.structure.pivots import PivotPorts, Pivots
from nodes.structure.swings import SwingPorts, Swings, SwingsState
from nodes.structure.trend import Trend
from nodes.zone.at import At
from nodes.zone.confluence import Confluence
from nodes.zone.from_pivots import AreasState, FromPivots

BARS = 3  # on each side of a pivot


def pivots_by_hand(top: list[float], sign: int) -> list[int]:
    """The flags of `structure.pivots`; sign -1 for lows."""
    out = [UNKNOWN] * min(2 * BARS, len(top))
    for c in range(BARS, len(top) - BARS):
        price = sign * top[c]
        before = all(price > sign * x for x in top[c - BARS : c])
        out.append(int(before and all(price >= sign * x for x in top[c + 1 : c + BARS + 1])))
    return out


def labels_by_hand(ports: PivotPorts) -> list[str | None]:
    """The names of `structure.labels`."""
    swings: list[tuple[int, float]] = []
    out: list[str | None] = []
    for is_high, is_low, high, low in zip(*(p.tolist() for p in ports), strict=True):
        for side in (-1, 1) if swings and swings[-1][0] == 1 else (1, -1):
            price = high if side == 1 else low
            if (is_high if side == 1 else is_low) != 1:
                continue
            if swings and swings[-1][0] == side:
                if side * price > side * swings[-1][1]:
                    swings[-1] = (side, price)
            else:
                swings.append((side, price))
        name = None
        if len(swings) > 2:
            side, last, before = swings[-1][0], swings[-1][1], swings[-3][1]
            name = ("HH" if last > before else "LH") if side == 1 else ("LL" if last < before else "HL")
        out.append(name)
    return out


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Time of one call in ms, and what it gave."""
    start = time.perf_counter()
    result = call()
    return 1e3 * (time.perf_counter() - start), result


def calls_of(candles: Candles, ports: PivotPorts, swings: SwingPorts) -> dict[str, Callable[[], Any]]:
    """The nodes with their presets, by name."""
    atr = Atr().compute(candles)
    areas = FromPivots().step(AreasState(), candles, *ports, atr=atr)[1]
    wide = FromPivots(width_atr=3.0).step(AreasState(), candles, *ports, atr=atr)[1]
    flags = (swings.high, swings.low, swings.new_high, swings.new_low)
    return {
        "structure.pivots": lambda: Pivots(left=BARS, right=BARS).compute(candles),
        "structure.swings": lambda: Swings().step(SwingsState(), *ports),
        "structure.labels": lambda: LabelsOfSwings().compute(*swings),
        "structure.breaks": lambda: Breaks().step(BreaksState(), candles, *flags),
        "structure.trend": lambda: Trend().compute(*swings[:4]),
        "zone.from_pivots": lambda: FromPivots().step(AreasState(), candles, *ports, atr=atr),
        "zone.confluence": lambda: Confluence().compute(areas, wide),
        "zone.at": lambda: At().compute(areas, candles),
    }


def main(rows: int = 100_000) -> None:
    """Print the table; ends with an error if a loop and a node differ."""
    candles = market(rows)
    ports = Pivots(left=BARS, right=BARS).compute(candles)
    swings = Swings().step(SwingsState(), *ports)[1]
    high, low = candles.high.tolist(), candles.low.tolist()
    pivots_ms, by_hand = seconds(lambda: (pivots_by_hand(high, 1), pivots_by_hand(low, -1)))
    labels_ms, names = seconds(lambda: labels_by_hand(ports))
    labels = LabelsOfSwings().compute(*swings).out
    if by_hand != (ports.high.tolist(), ports.low.tolist()):
        raise SystemExit("the pivots of the loop are others")
    codes = np.array([UNKNOWN if name is None else NAMES.index(name) for name in names])
    if not np.array_equal(codes, labels.codes):
        raise SystemExit("the labels of the loop are others")
    calls = calls_of(candles, ports, swings)
    ours = dict(zip(calls, best(*calls.values()), strict=True))
    theirs = {"structure.pivots": pivots_ms, "structure.labels": labels_ms}
    print(f"{rows} rows, ms            ours    loop   ratio")
    for name, ms in ours.items():
        loop = theirs.get(name)
        if name == "structure.labels":
            ms += ours["structure.swings"]  # the loop finds the swings on its way
        print(f"{name:22}{ms:9.2f}" + (f"{loop:8.1f}{loop / ms:7.0f}x" if loop else ""))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
