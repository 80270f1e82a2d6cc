"""Where Tradegraph keeps its files on this machine."""

import contextlib
import os
import threading
from collections.abc import Generator
from pathlib import Path


def home() -> Path:
    """The data folder: `$TRADEGRAPH_HOME`, else `~/.local/share/tradegraph` (`$XDG_DATA_HOME` is honoured)."""
    chosen = os.environ.get("TRADEGRAPH_HOME")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "tradegraph"


def cache() -> Path:
    """The folder of what can be made again: under `$TRADEGRAPH_HOME` if set, else in the user's cache."""
    if os.environ.get("TRADEGRAPH_HOME"):
        return home() / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tradegraph"


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary file beside `path` to write to; it takes its place at the end, or vanishes after an error."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
