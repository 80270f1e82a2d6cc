"""Parsed columns of big files, kept in the user's cache folder under a hash of the file's bytes.

A cache is never a condition: if it cannot be read or written, the file is parsed again.
"""

import contextlib
import hashlib
import mmap
import os
from pathlib import Path

from server.adapters import column_file
from server.adapters.column_file import Columns, DamagedError
from server.adapters.folders import cache

SMALLEST = 1 << 20  # bytes; a smaller file is parsed as fast as it is hashed and looked up
LIMIT = 2 << 30  # bytes of the whole folder; the longest unused go first
_VERSION = "1"  # raise when the same bytes are to be parsed differently


def entry(path: Path, names: tuple[str, ...]) -> Path | None:
    """Where the parsed columns of this file would lie; None if the file is too small to be worth it."""
    if path.stat().st_size < SMALLEST:
        return None
    digest = hashlib.blake2b(f"{_VERSION} {path.suffix} {names}".encode(), digest_size=20)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        digest.update(content)
    return cache() / "columns" / f"{digest.hexdigest()}{column_file.SUFFIX}"


def get(place: Path) -> Columns | None:
    """The columns kept there, None if there are none or they are damaged."""
    try:
        columns = column_file.read(place)
        os.utime(place)
    except (OSError, DamagedError):
        return None
    return columns


def put(place: Path, columns: Columns, limit: int = LIMIT) -> None:
    """Keeps the columns and makes room."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        column_file.write(place, columns)
        _prune(place.parent, limit)


def _prune(folder: Path, limit: int) -> None:
    files = [(file, file.stat()) for file in folder.iterdir()]
    files.sort(key=lambda pair: pair[1].st_mtime_ns, reverse=True)
    total = 0
    for file, stat in files:
        total += stat.st_size
        if total > limit:
            file.unlink(missing_ok=True)
