"""Where two values of a wire differ: the measure of proofs and of parity.

Flags, directions, labels, times and areas must be equal; numbers may differ by 1e-9 of themselves, or by 1e-12 of the
largest number of their column where they are differences of much larger ones.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import COLUMNS, Candles
from engine.values import UNKNOWN, ExitPolicy, Labels, Signal, Text, Zone, Zones
from engine.zones import COLUMNS as ZONE_COLUMNS

RELATIVE, OF_SCALE = 1e-9, 1e-12
NO_ROW = "not there"
Plain = float | int | str | None


class Difference(msgspec.Struct, frozen=True):
    """The first row at which two values differ, in which part of them, and what each says there (None = unknown)."""

    row: int
    part: str
    found: Plain
    expected: Plain


def first_difference(found: Any, expected: Any, rows: int, like: Any = None) -> Difference | None:
    """`found` against the first `rows` rows of `expected`; None if they are the same.

    `like` is a longer value whose columns tell how large its numbers get, by default `expected`.
    """
    if found is expected and (not hasattr(found, "__len__") or len(found) == rows):
        return None
    first: Difference | None = None
    ours, theirs = dict(parts(found)), dict(parts(expected))
    scales = theirs if like is None else dict(parts(like))
    for name in ours.keys() | theirs.keys():
        row = _row(ours.get(name), theirs.get(name), rows, scales.get(name))
        if row is not None and (first is None or (row, name) < (first.row, first.part)):
            first = Difference(row, name, _plain(ours.get(name), row), _plain(theirs.get(name), row, rows))
    return first


def parts(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a value is made of, by name: columns, areas, and what is the same at all rows."""
    if isinstance(value, np.ndarray | Zones | Labels):
        yield name, value
    elif isinstance(value, Candles):
        yield from ((_inner(name, column), getattr(value, column)) for column in COLUMNS)
    elif isinstance(value, Text):
        yield _inner(name, "title"), value.title
        for number, line in enumerate(value.lines):
            place = _inner(name, f"line {number + 1}")
            yield _inner(place, "form"), (line.name, line.digits, line.unit)
            yield from parts(line.value, place)
    elif isinstance(value, Signal | ExitPolicy):
        yield from ((_inner(name, field), getattr(value, field)) for field in value.__struct_fields__)
    else:
        yield name, value


def _inner(name: str, part: str) -> str:
    return f"{name}.{part}" if name else part


def _row(found: Any, expected: Any, rows: int, like: Any) -> int | None:
    if isinstance(found, np.ndarray) and isinstance(expected, np.ndarray):
        return _row_of_columns(found, expected[:rows], like)
    if isinstance(found, Labels) and isinstance(expected, Labels):
        return _row_of_labels(found, expected, rows)
    if isinstance(found, Zones) and isinstance(expected, Zones):
        return _row_of_zones(found, expected, rows)
    return None if _same_rule(found, expected) else 0


def _same_rule(found: Any, expected: Any) -> bool:
    return (
        type(found) is type(expected) and not isinstance(found, np.ndarray | Zones | Labels) and bool(found == expected)
    )


def _row_of_columns(found: NDArray[Any], expected: NDArray[Any], like: Any) -> int | None:
    rows = min(len(found), len(expected))
    uneven = None if len(found) == len(expected) else rows
    a, b = found[:rows], expected[:rows]
    if a.dtype != b.dtype:
        return 0
    if a.dtype.kind != "f":
        differs = a != b
    elif (a.view(np.int64) == b.view(np.int64)).all():  # the usual case, and quick
        return uneven
    else:
        differs = ~close_numbers(a, b, like if isinstance(like, np.ndarray) else b)
    at = int(differs.argmax()) if rows else 0
    return at if rows and differs[at] else uneven


def _row_of_labels(found: Labels, expected: Labels, rows: int) -> int | None:
    """Labels are compared by their names; which number a name has does not matter."""
    if found.names == expected.names:
        return _row_of_columns(found.codes, expected.codes[:rows], None)
    numbers = {name: code for code, name in enumerate(dict.fromkeys((*found.names, *expected.names)))}
    ours, theirs = (
        np.array([*(numbers[n] for n in side.names), UNKNOWN])[np.where(side.codes < 0, -1, side.codes)]
        for side in (found, expected)
    )
    return _row_of_columns(ours, theirs[:rows], None)


def close_numbers(a: Any, b: Any, like: Any) -> Any:
    """Where two columns of numbers are the same within the measure; NaN is the same as NaN."""
    with np.errstate(all="ignore"):
        gap = np.abs(a - b)
        near = (a == b) | (np.isnan(a) & np.isnan(b)) | (gap <= RELATIVE * np.maximum(np.abs(a), np.abs(b)))
        if near.all():
            return near
        sizes = np.abs(like[np.isfinite(like)])
        return near | (gap <= OF_SCALE * (sizes.max() if len(sizes) else 0.0))


def _row_of_zones(found: Zones, expected: Zones, rows: int) -> int | None:
    if found.rows != rows:
        return min(found.rows, rows)
    known = int(np.searchsorted(expected.since, rows))
    until = np.minimum(expected.until[:known], rows)
    if len(found.since) == known and np.array_equal(found.until, until):
        rest = [name for name in ZONE_COLUMNS if name != "until"]
        if all(np.array_equal(getattr(found, name), getattr(expected, name)[:known]) for name in rest):
            return None
    changes = np.unique(np.concatenate([found.since, found.until, expected.since[:known], until]))
    return next((int(r) for r in changes if r < rows and not _same_zones(found.at(r), expected.at(r))), None)


def _same_zones(found: tuple[Zone, ...], expected: tuple[Zone, ...]) -> bool:
    if len(found) != len(expected):
        return False
    exact = all(
        (a.kind, a.touches, a.born) == (b.kind, b.touches, b.born) for a, b in zip(found, expected, strict=True)
    )
    a, b = (np.array([(z.low, z.high, z.score) for z in side]) for side in (found, expected))
    return exact and bool(close_numbers(a, b, b).all())


def _plain(part: Any, row: int, rows: int | None = None) -> Plain:
    """A part of a value at a row as a JSON value; `rows` of it are looked at, by default all."""
    if not isinstance(part, np.ndarray | Labels | Zones):
        return "nothing" if part is None else str(part)
    if row >= (len(part) if rows is None else min(rows, len(part))):
        return NO_ROW
    if isinstance(part, Labels):
        return part.at(row)
    if isinstance(part, Zones):
        areas = [f"{z.low:.10g} to {z.high:.10g} ({z.touches} touches, score {z.score:.6g})" for z in part.at(row)]
        return "; ".join(areas) or "no areas"
    value = part[row].item()
    return None if value != value or (part.dtype == np.int8 and value == UNKNOWN) else value


def shown(value: Plain) -> str:
    """A value for people; numbers with all digits that tell them apart."""
    if value is None:
        return "not yet known"
    return repr(value) if isinstance(value, float) else str(value)
