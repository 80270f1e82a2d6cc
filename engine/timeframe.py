"""Timeframes and their UTC boundaries.

All instants are int64 milliseconds since 1970-01-01 UTC.  A bar is named by its opening instant.  Weeks begin on Monday
00:00 UTC, as on the exchange; a plain modulo of the epoch would begin them on Thursday.
"""

from engine.errors import InputError

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY  # 1970-01-05

DURATIONS: dict[str, int] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "1w": WEEK,
}


def duration(timeframe: str) -> int:
    """Length of a bar in milliseconds.  Raises InputError for a name that is not a timeframe."""
    try:
        return DURATIONS[timeframe]
    except KeyError:
        known = ", ".join(DURATIONS)
        raise InputError(f"timeframe {timeframe!r} is not known; use one of {known}") from None


def anchor(timeframe: str) -> int:
    """An instant at which a bar of this timeframe opens; all others are whole durations away."""
    return _FIRST_MONDAY if timeframe == "1w" else 0


def floor(instant: int, timeframe: str) -> int:
    """Opening instant of the bar that contains `instant`."""
    start = anchor(timeframe)
    return instant - (instant - start) % duration(timeframe)


def next_boundary(instant: int, timeframe: str) -> int:
    """First opening instant after `instant`."""
    return floor(instant, timeframe) + duration(timeframe)


def name_of(milliseconds: int) -> str | None:
    """The timeframe with this bar length, or None."""
    return next((name for name, length in DURATIONS.items() if length == milliseconds), None)
