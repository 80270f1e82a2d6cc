"""Columns of numbers as compressed bytes, and back to the last bit.

Three forms, whichever fits: `decimals` are floats with few places after the point, such as prices (as whole numbers,
each as its distance to the one before); `steps` are int64, such as instants (the same); everything else is `shuffled`:
first bytes together, second bytes together, and so on, since those resemble each other.  zlib at level 1 follows, which
reads as fast as any level and packs nearly as small.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

_SHUFFLED, _STEPS, _DECIMALS = range(3)
_LEVEL = 1
_HEAD = struct.Struct("<BBB2sIq")  # form, places after the point, bytes per value, kind of number, rows, first value
_SIZE = struct.Struct("<I")
_KINDS = frozenset({"f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"})
_EXACT = float(1 << 53)  # whole numbers up to here are float64 without loss
_MOST_PLACES = 8
_PROBE = 64  # values that show how many places there are, before all are tried


class Damaged(EngineError):
    """The bytes are not what `pack` wrote."""


def pack(column: NDArray[Any]) -> bytes:
    """One column of floats, integers or flags."""
    kind = column.dtype.str[1:]
    if column.ndim != 1 or kind not in _KINDS:
        raise TypeError(f"a column of {column.dtype} with {column.ndim} dimensions cannot be packed")
    form, places, first, body = _SHUFFLED, 0, 0, column
    if kind == "i8" and len(column):
        form, first, body = _STEPS, int(column[0]), _distances(column)
    elif kind == "f8" and len(column):
        places, whole = _as_whole(column)
        if whole is not None:
            form, first, body = _DECIMALS, int(whole[0]), _distances(whole)
    head = _HEAD.pack(form, places, body.itemsize, kind.encode(), len(column), first)
    return head + zlib.compress(_shuffled(body), _LEVEL)


def unpack(data: bytes) -> NDArray[Any]:
    """The column as it was packed.  Raises Damaged."""
    try:
        form, places, width, kind, rows, first = _HEAD.unpack_from(data)
        dtype = np.dtype("<" + kind.decode())
        raw = zlib.decompress(memoryview(data)[_HEAD.size :])
        if form not in (_SHUFFLED, _STEPS, _DECIMALS) or len(raw) != rows * width:
            raise Damaged("packed numbers are damaged")
        if form == _SHUFFLED:
            return _joined(raw, rows, dtype)
        whole = _sums(first, _joined(raw, rows, np.dtype(f"<i{width}")))
    except (struct.error, zlib.error, TypeError, ValueError):
        raise Damaged("packed numbers are damaged") from None
    return whole if form == _STEPS else whole / 10.0**places


def pack_columns(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Several columns one after the other; their names are not kept."""
    parts = [pack(column) for column in columns.values()]
    return b"".join(_SIZE.pack(len(part)) + part for part in parts)


def unpack_columns(data: bytes, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The first columns, under these names in the order they were packed in.  Raises Damaged."""
    out: dict[str, NDArray[Any]] = {}
    place = 0
    for name in names:
        if place + _SIZE.size > len(data):
            raise Damaged("packed columns are damaged")
        (size,) = _SIZE.unpack_from(data, place)
        place += _SIZE.size
        out[name] = unpack(data[place : place + size])
        place += size
    return out


def _as_whole(column: NDArray[Any]) -> tuple[int, NDArray[np.int64] | None]:
    """Places after the point and the column times 10 to their power; None where that would lose a bit."""
    finite = bool(np.isfinite(column).all())
    for places in range(_MOST_PLACES + 1) if finite else ():
        if _whole(column[:_PROBE], places) is None:
            continue
        whole = _whole(column, places)
        if whole is not None:
            return places, whole
    return 0, None


def _whole(column: NDArray[Any], places: int) -> NDArray[np.int64] | None:
    with np.errstate(over="ignore"):
        scaled = np.rint(column * 10.0**places)
    if len(scaled) and not np.abs(scaled).max() < _EXACT:
        return None
    whole = scaled.astype(np.int64)
    same = (whole / 10.0**places).view(np.int64) == np.ascontiguousarray(column, "<f8").view(np.int64)  # -0.0 differs
    return whole if same.all() else None


def _distances(whole: NDArray[Any]) -> NDArray[Any]:
    """Each value less the one before, in as few bytes as the largest needs."""
    step = np.diff(whole, prepend=whole[:1])
    return step.astype(np.min_scalar_type(min(int(step.min()), -1 - int(step.max()))))


def _sums(first: int, step: NDArray[Any]) -> NDArray[np.int64]:
    """The values again; a distance that ran over comes back right, since the sum runs over likewise."""
    whole = np.cumsum(step, dtype=np.int64)
    whole += first
    return whole


def _shuffled(column: NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(column, column.dtype.newbyteorder("<"))
    if little.itemsize == 1 or not len(little):
        return little.tobytes()
    return little.view(np.uint8).reshape(-1, little.itemsize).T.tobytes()


def _joined(raw: bytes, rows: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not rows:
        return np.empty(0, dtype)
    plane = np.frombuffer(raw, np.uint8).reshape(dtype.itemsize, rows)
    return np.ascontiguousarray(plane.T).view(dtype).reshape(rows)
