from typing import Annotated, Literal

import msgspec
import numpy as np

from engine.node import Node
from engine.timeframe import DAY, WEEK, anchor
from engine.values import Candles, CloseTimes, Flag

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Weekday(Node, frozen=True, tag="time.weekday"):
    """True on the chosen days of the week.

    In: candles give the clock; the closing instant of a bar (UTC), when decisions are made, is what counts.
    Out: flag; a bar that closes on Saturday 00:00 belongs to Saturday.
    """

    synonyms = ("day of week", "weekend")

    days: Annotated[
        tuple[Day, ...],
        msgspec.Meta(min_length=1, max_length=7, title="Days", description="days of the week, UTC"),
    ] = ("mon", "tue", "wed", "thu", "fri")

    def check(self) -> str | None:
        return "a day is named twice" if len(set(self.days)) < len(self.days) else None

    def compute(self, candles: Candles, times: CloseTimes) -> Flag:
        chosen = np.array([day in self.days for day in DAYS], np.int8)
        return chosen[(times - anchor("1w")) % WEEK // DAY]
