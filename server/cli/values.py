"""Reads option values: dates, shares, settings."""

from datetime import UTC, datetime
from typing import Any

import msgspec

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


def amount(text: str, option: str) -> float:
    """A number greater than 0."""
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a number") from None
    if not 0 < value < float("inf"):
        raise InputError(f"{option} is {text}; it must be greater than 0")
    return value


def share(text: str, option: str) -> float:
    """A share such as 0.00055 or 0.055%."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a share; write 0.00055 or 0.055%") from None


def settings(pairs: list[str], option: str) -> dict[str, Any]:
    """NAME=VALUE options; a value is JSON where it is JSON, else text."""
    out: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise InputError(f"{option} {pair!r} is not NAME=VALUE")
        try:
            out[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            out[name] = text
    return out
