from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.timeframe import DAY, MINUTE
from engine.values import Candles, CloseTimes, Flag


class Session(Node, frozen=True, tag="time.session"):
    """True while the clock is inside a daily window.

    In: candles give the clock; the closing instant of a bar (UTC), when decisions are made, is what counts.
    Out: flag, true from `start` (included) to `end` (excluded); a window that ends before it starts goes over
    midnight.
    """

    synonyms = ("hours", "trading time", "killzone", "london", "new york")

    start: Annotated[
        int, msgspec.Meta(ge=0, le=1439, title="Start", description="minutes after 00:00 UTC, included")
    ] = 480
    end: Annotated[int, msgspec.Meta(ge=0, le=1440, title="End", description="minutes after 00:00 UTC, excluded")] = 960

    def check(self) -> str | None:
        return "the window is empty: start and end are the same" if self.start == self.end else None

    def compute(self, candles: Candles, times: CloseTimes) -> Flag:
        clock = times % DAY
        after_start, before_end = clock >= self.start * MINUTE, clock < self.end * MINUTE
        inside = after_start & before_end if self.start < self.end else after_start | before_end
        return inside.view(np.int8)
