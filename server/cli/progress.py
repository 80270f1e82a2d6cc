"""Tells people at a terminal what takes longer than a second; programs that read the output are not disturbed."""

import sys
from collections.abc import Callable

from engine import kernel


def tell(text: str) -> None:
    """A line on stderr if somebody sits there."""
    if sys.stderr is not None and sys.stderr.isatty():  # pyright: ignore[reportUnnecessaryComparison]  `2>&-`
        print(text, file=sys.stderr, flush=True)


def bar(what: str) -> Callable[[float], None]:
    """A function that shows the share (0 to 1) of long work that is done, on one line, if somebody sits there."""
    if sys.stderr is None or not sys.stderr.isatty():  # pyright: ignore[reportUnnecessaryComparison]  `2>&-`
        return lambda share: None
    shown = -1

    def show(share: float) -> None:
        nonlocal shown
        percent = int(100 * share)
        if percent == shown:
            return
        shown = percent
        line = f"\r{what} [{'#' * (percent // 5):20}] {percent:3} %"
        print("\r" + " " * len(line) + "\r" if share >= 1 else line, end="", file=sys.stderr, flush=True)

    return show


def announce_kernels() -> None:
    """Say which kernel is being compiled, which takes seconds and happens once per machine."""
    kernel.announce = lambda name: tell(f"compiling {name} for this machine, once ...")
