"""Opaque identifiers: short, sortable by time, safe in a URL."""

import secrets

from server.clock import now

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: nothing to misread


def new_id() -> str:
    """20 characters: ten of milliseconds, ten of chance (50 bits)."""
    return _text(now(), 10) + _text(secrets.randbits(50), 10)


def _text(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
