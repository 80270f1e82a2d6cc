"""A file of named 8-byte columns with a JSON head: what the cache of parsed files writes.

Layout: magic, length and CRC of the head (two uint32, little-endian), the head padded to a multiple of 8 bytes, then
the columns one after the other.  Head and columns carry a CRC each, so that damage is seen and never read as prices.
"""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from server.adapters.folders import replacing

SUFFIX = ".columns"
_MAGIC = b"TGCOL01\n"
_SIZES = struct.Struct("<II")
_MOST = 1 << 24  # bytes of head
Columns = dict[str, NDArray[Any]]


class DamagedError(Exception):
    """The file is no column file, or not the one that was written."""


class Head(msgspec.Struct, frozen=True):
    """What stands before the columns: rows, (name, dtype) of each column, CRC of all columns."""

    rows: int
    columns: tuple[tuple[str, str], ...]
    crc: int


def write(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes all or nothing.  Columns are int64 or float64 and of equal length."""
    crc = 0
    for column in columns.values():
        crc = zlib.crc32(column.data, crc)
    rows = len(next(iter(columns.values())))
    kinds = tuple((name, column.dtype.newbyteorder("<").str) for name, column in columns.items())
    head = msgspec.json.encode(Head(rows, kinds, crc))
    head += b" " * (-len(head) % 8)
    with replacing(path) as part, part.open("wb") as file:
        file.write(_MAGIC + _SIZES.pack(len(head), zlib.crc32(head)) + head)
        for column in columns.values():
            file.write(column.data)


def read(path: Path) -> Columns:
    """The columns by name.  Raises DamagedError or OSError."""
    head, start = _head(path)
    raw = np.fromfile(path, np.uint8, offset=start)
    width = 8 * head.rows
    if len(raw) != width * len(head.columns) or zlib.crc32(raw.data) != head.crc:
        raise DamagedError(f"{path} is damaged")
    columns: Columns = {}
    for place, (name, kind) in enumerate(head.columns):
        columns[name] = raw[place * width : (place + 1) * width].view(kind)
    return columns


def _head(path: Path) -> tuple[Head, int]:
    with path.open("rb") as file:
        opening = file.read(len(_MAGIC) + _SIZES.size)
        if len(opening) < len(_MAGIC) + _SIZES.size or not opening.startswith(_MAGIC):
            raise DamagedError(f"{path} is no column file")
        length, crc = _SIZES.unpack(opening[len(_MAGIC) :])
        raw = file.read(min(length, _MOST))
    if zlib.crc32(raw) != crc:
        raise DamagedError(f"{path} is damaged")
    try:
        return msgspec.json.decode(raw, type=Head), len(opening) + length
    except msgspec.MsgspecError:
        raise DamagedError(f"{path} is damaged") from None
