"""Slows down guessing: after some free attempts the wait doubles with each, per name and per address."""

import asyncio
from collections.abc import Callable

from server.accounts.options import DAY_MS, Options
from server.errors import TooMany
from server.store.sessions import Failures, Tries


class Throttle:
    """Counts attempts before they are tried, so that many at once do not all slip through."""

    def __init__(self, failures: Failures, options: Options, clock: Callable[[], int]) -> None:
        self._failures = failures
        self._options = options
        self._clock = clock
        self._one_by_one = asyncio.Lock()

    async def attempt(self, key: str, address: str) -> int:
        """Count an attempt and tell its id.  Raises TooMany, and then it does not count."""
        async with self._one_by_one:
            now = self._clock()
            since = now - DAY_MS
            waits = (
                self._wait(await self._failures.of_name(key, since), "sign_in.free_attempts", now),
                self._wait(await self._failures.of_address(address, since), "sign_in.free_attempts_address", now),
            )
            if (wait := max(waits)) > 0:
                raise TooMany(f"too many attempts to sign in; try again in {_words(wait)}", retry_after=wait)
            await self._failures.prune(since)
            return await self._failures.add(key, address, now)

    async def forgive(self, key: str, number: int) -> None:
        """The attempt was right."""
        await self._failures.forgive(key, number)

    def _wait(self, tries: Tries, free: str, now: int) -> int:
        """Seconds that are left of the wait."""
        over = tries.count - self._options.value(free)
        if over < 0:
            return 0
        wait = min(2 ** min(over, 20), self._options.value("sign_in.longest_wait"))
        return max(0, -((now - tries.last - 1000 * wait) // 1000))


def _words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} minutes"
