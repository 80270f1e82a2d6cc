"""Instants as people write them, on a command line or in a form."""

from datetime import UTC, datetime

from engine.errors import InputError


def instant(text: str | None, option: str) -> int | None:
    """A date or date and time in UTC as ms since 1970; None stays None."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a date; write 2024-01-31 or 2024-01-31T12:00 (UTC)") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
