"""How a page holds many numbers and sentences: compressed, in pieces that are unpacked when somebody asks."""

import base64
import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def packed(values: Rows) -> dict[str, Any]:
    """Base64 of zlib of little-endian integers, as narrow as they allow."""
    bits = 16 if int(np.abs(values).max(initial=0)) < 2**15 else 32
    return {"bits": bits, "data": _base64(values.astype(f"<i{bits // 8}").tobytes())}


def packed_json(value: Any) -> str:
    """Base64 of zlib of JSON."""
    return _base64(msgspec.json.encode(value))


def _base64(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode()


def segments(time: Rows, bar: int) -> list[list[int]]:
    """Runs of bars without a hole: [opening instant of the first (ms UTC), bars]."""
    if len(time) == 0:
        return []
    starts = np.concatenate(([0], np.flatnonzero(np.diff(time) != bar) + 1))
    lengths = np.diff(np.append(starts, len(time)))
    return [[int(time[start]), int(length)] for start, length in zip(starts, lengths, strict=True)]
