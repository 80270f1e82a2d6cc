"""How much a back-test may take: settings of the installation, read when the server starts."""

from collections.abc import Mapping
from typing import Any

import msgspec

KEYS = {"workers": "backtests.workers", "minutes": "backtests.longest_minutes", "memory_mb": "backtests.memory_mb"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`workers` run at the same time; a run may take so many minutes and so much memory (MiB, 0 = no limit)."""

    workers: int = 1
    minutes: float = 60
    memory_mb: int = 4096
    waiting: int = 200  # back-tests of one person that wait or run


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """The limits among the stored settings; what is not set there is what `Limits` says."""
    return Limits(**{name: settings[key] for name, key in KEYS.items() if key in settings})
