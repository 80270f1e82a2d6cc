"""What admins set while the server runs: one schema for the table, the form and the checks.

No code has a value of its own for any of them: at the first start the preset is written, key by key, where everybody
can read and change it.  A key that a newer version brings is written at its first start, and said so in the log.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.errors import InputError
from server.store.settings import StoredSettings

_log = logging.getLogger("tradegraph.settings")
DAY_MS, HOUR_MS = 86_400_000, 3_600_000


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: a whole number in a unit between two bounds."""

    key: str
    category: str
    title: str
    unit: str
    least: int
    most: int
    preset: int
    description: str


def _option(key: str, title: str, unit: str, bounds: tuple[int, int], preset: int, description: str) -> Option:
    category = {
        "sign_in": "Signing in",
        "tokens": "API tokens",
        "backtests": "Back-tests",
        "keep": "How long things are kept",
    }
    return Option(
        key=key, category=category[key.partition(".")[0]], title=title, unit=unit, least=bounds[0], most=bounds[1],
        preset=preset, description=description,
    )  # fmt: skip


OPTIONS = (
    _option("sign_in.idle_hours", "Session without use", "hours", (1, 720), 72,
            "A browser that was not used for so long has to sign in again."),
    _option("sign_in.longest_days", "Longest session", "days", (1, 365), 30,
            "After so long everybody has to sign in again, used or not."),
    _option("sign_in.free_attempts", "Attempts without waiting", "attempts", (3, 20), 5,
            "So many wrong passwords under one name may follow each other; each further one doubles the wait."),
    _option("sign_in.free_attempts_address", "Attempts from one address", "attempts", (5, 1000), 30,
            "The same for attempts from one network address, under whatever names."),
    _option("sign_in.longest_wait", "Longest wait", "seconds", (60, 86_400), 900,
            "How far the wait between attempts grows."),
    _option("tokens.longest_days", "Longest life of a token", "days", (1, 3650), 365,
            "A new API token must expire within so many days."),
    _option("backtests.workers", "Back-tests at the same time", "processes", (1, 64), 1,
            "Each takes a processor core while it runs. Read at the start."),
    _option("backtests.longest_minutes", "Longest back-test", "minutes", (1, 1440), 60,
            "One that takes longer is ended. Read at the start."),
    _option("backtests.memory_mb", "Memory of a back-test", "MiB (0 = no limit)", (0, 1_048_576), 4096,
            "One that needs more is ended. Read at the start."),
    _option("keep.log_days", "Log lines", "days", (1, 3650), 30, "Older log lines are removed. Read at the start."),
    _option("keep.event_days", "Live events", "days", (1, 365), 7,
            "A page that was away for longer must be loaded anew. Read at the start."),
    _option("keep.audit_days", "Audit log", "days", (30, 3650), 730, "Older lines are removed at the start."),
)  # fmt: skip
BY_KEY = {option.key: option for option in OPTIONS}


class Options:
    """The values in force.  `load` them once, then `value` answers without asking the database."""

    def __init__(self, stored: StoredSettings) -> None:
        self._stored = stored
        self._values: dict[str, int] = {}

    async def load(self, now: int) -> None:
        """Read the values; write those that were never there.  Raises InputError for one that cannot be."""
        found = await self._stored.all()
        missing = {option.key: option.preset for option in OPTIONS if option.key not in found}
        if missing:
            await self._stored.put(missing, None, now)
            told = ", ".join(f"{key} = {value}" for key, value in missing.items())
            _log.info("settings written for the first time: %s", told, extra={"event": "settings_written"})
        values = {**found, **missing}
        problems = problems_of({key: values[key] for key in BY_KEY})
        if problems:
            raise InputError(f"stored settings cannot be used: {'; '.join(problems.values())}")
        self._values = {key: values[key] for key in BY_KEY}

    def value(self, key: str) -> int:
        """The value of a key."""
        return self._values[key]

    def all(self) -> dict[str, int]:
        """Every value."""
        return dict(self._values)

    async def change(self, values: Mapping[str, Any], by: str, now: int) -> dict[str, tuple[int, int]]:
        """Set values, all or none, and tell what changed: {key: (before, after)}.

        The values must have been checked by `problems_of`.
        """
        changed = {k: (self._values[k], v) for k, v in values.items() if self._values[k] != v}
        if changed:
            await self._stored.put({key: after for key, (_, after) in changed.items()}, by, now)
            self._values |= {key: after for key, (_, after) in changed.items()}
        return changed


def problems_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with which value."""
    found: dict[str, str] = {}
    for key, value in values.items():
        option = BY_KEY.get(key)
        if option is None:
            found[key] = f"there is no setting {key}"
        elif isinstance(value, bool) or not isinstance(value, int) or not option.least <= value <= option.most:
            found[key] = f"{option.title} must be a whole number of {option.unit} from {option.least} to {option.most}"
    return found


def numbers_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a form: text that is a whole number becomes one, other text stays and will be refused."""
    return {key: _number(form[key]) for key in BY_KEY if key in form}


def _number(text: Any) -> Any:
    plain = str(text).strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else text
