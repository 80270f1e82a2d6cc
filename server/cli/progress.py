"""Tells people at a terminal what takes longer than a second."""

import sys

from engine import kernel


def announce_kernels() -> None:
    """Say which kernel is being compiled, which takes seconds and happens once per machine."""
    if sys.stderr is not None and sys.stderr.isatty():  # pyright: ignore[reportUnnecessaryComparison]  `2>&-`
        kernel.announce = _say


def _say(name: str) -> None:
    print(f"compiling {name} for this machine, once ...", file=sys.stderr, flush=True)
