"""Passwords: rules for new ones, argon2id for stored ones.

Hashing takes 64 MiB and a tenth of a second by design, so it runs in a thread and few at a time: a flood of sign-ins
waits instead of eating the memory.
"""

import asyncio
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import InputError

SHORTEST, LONGEST = 10, 200  # characters
_AT_ONCE = 2
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4, type=Type.ID)  # RFC 9106, low memory
_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # nothing to misread
# The commonest of the leaked ones that are long enough, and what people make of them.
_WORDS = """
1234567890 12345678910 123456789a 0123456789 0987654321 9876543210 1234512345 1122334455 1q2w3e4r5t 1qaz2wsx3edc
qwertyuiop qwerty1234 qwerty12345 qwerty123456 asdfghjkl1 asdfghjkl; zxcvbnm123 abcdefghij abcd123456 abc1234567
password12 password123 password1234 password12345 passw0rd123 p@ssword123 p@ssw0rd123 iloveyou12 iloveyou123
letmein123 letmein1234 welcome123 welcome1234 changeme123 changeme1234 administrator administrator1 admin12345
admin123456 adminadmin football123 baseball123 superman123 sunshine123 princess123 michelle123 tradegraph
tradegraph1 tradegraph123 bitcoin123 bitcoin1234 cryptocurrency correcthorsebatterystaple
"""
_COMMON = frozenset(_WORDS.split())


class Passwords:
    """Makes and checks hashes, `_AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """What is stored of a password."""
        async with self._gate:
            return await asyncio.to_thread(_hasher.hash, password)

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether a password is the stored one.  Without a stored one it takes as long and is wrong."""
        if hashed is None:
            self._nobodys = self._nobodys or await self.hash(secrets.token_hex())
        async with self._gate:
            return await asyncio.to_thread(_fits, hashed or self._nobodys, password) and hashed is not None


def _fits(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def check(password: str, name: str) -> None:
    """Refuse a new password that is too easy to guess.  Raises InputError."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise InputError(f"the password is too short: take at least {SHORTEST} characters; a few words are fine")
    if len(password) > LONGEST:
        raise InputError(f"the password is too long: take at most {LONGEST} characters")
    if len(set(plain)) < 4:
        raise InputError("the password repeats few characters; take one with more variety")
    if plain in _COMMON:
        raise InputError("this password is one of the commonest and would be guessed at once; take another")
    if len(name) >= 3 and name.casefold() in plain:
        raise InputError("the password must not contain your name")


def one_time() -> str:
    """A password to be told once and changed at the first sign-in: four groups, 78 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
