"""The picture of what is stored: a strip from first to last bar, with the holes in it."""

from collections.abc import Sequence

import msgspec

from engine.timeframe import duration
from server.store.series import FUNDING, Gap, Stored

WIDTH = 240  # of the drawing, in its own units
_LEAST = 1.0  # a hole is drawn at least so wide, that it is seen


class Hole(msgspec.Struct, frozen=True):
    """A hole as it is drawn."""

    x: float
    width: float


def holes(stored: Stored, gaps: Sequence[Gap]) -> list[Hole]:
    """Where the strip is broken; holes closer than can be seen are drawn as one."""
    if stored.timeframe == FUNDING or not gaps:
        return []
    length = duration(stored.timeframe)
    scale = WIDTH / (stored.last + length - stored.first)
    out: list[Hole] = []
    for gap in gaps:
        x = (gap.first - stored.first) * scale
        end = max((gap.last + length - stored.first) * scale, x + _LEAST)
        if out and x <= out[-1].x + out[-1].width:
            out[-1] = Hole(out[-1].x, round(max(out[-1].width, end - out[-1].x), 2))
        else:
            out.append(Hole(round(x, 2), round(end - x, 2)))
    return out
