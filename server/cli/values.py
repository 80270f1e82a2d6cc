"""Reads option values: dates, shares, settings."""

from typing import Any

import msgspec

from engine.errors import InputError

LARGEST = 1e15  # no amount, price or rule is larger; sums of larger ones would lose cents


def amount(text: str, option: str) -> float:
    """A number greater than 0 and not absurdly large."""
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a number; write an amount such as 10000") from None
    if not 0 < value <= LARGEST:
        raise InputError(f"{option} is {text}; it must be greater than 0 and at most {LARGEST:g}")
    return value


def whole(text: str, option: str) -> int:
    """A whole number, 0 or more."""
    try:
        value = int(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a whole number; write one such as 50") from None
    if not 0 <= value <= LARGEST:
        raise InputError(f"{option} is {text}; it must be from 0 to {LARGEST:g}")
    return value


def share(text: str, option: str) -> float:
    """A share such as 0.00055 or 0.055%."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise InputError(f"{option} {text!r} is not a share; write 0.00055 or 0.055%") from None


def settings(pairs: list[str], option: str) -> dict[str, Any]:
    """NAME=VALUE options, each name once; a value is JSON where it is JSON, else text."""
    out: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise InputError(f"{option} {pair!r} is not NAME=VALUE")
        if name in out:
            raise InputError(f"{option} {name} is given twice; leave one of them out")
        try:
            out[name] = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            out[name] = text
    return out
