"""Tells people at a terminal what takes longer than a second; programs that read the output are not disturbed."""

import sys

from engine import kernel


def tell(text: str) -> None:
    """A line on stderr if somebody sits there."""
    if sys.stderr is not None and sys.stderr.isatty():  # pyright: ignore[reportUnnecessaryComparison]  `2>&-`
        print(text, file=sys.stderr, flush=True)


def announce_kernels() -> None:
    """Say which kernel is being compiled, which takes seconds and happens once per machine."""
    kernel.announce = lambda name: tell(f"compiling {name} for this machine, once ...")
