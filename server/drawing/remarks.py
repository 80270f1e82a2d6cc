"""Frames and notes of a layout: what people wrote beside the nodes.

A frame is `{"title", "x", "y", "width", "height"}` or `{"title", "nodes": [ids]}` (around those nodes), a note is
`{"text", "x", "y"}` with an optional width and height.  The document keeps whatever else stands in them.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from engine.document import Graph

_MARGIN, _HEAD = 18.0, 26.0
_NOTE_WIDTH, _LINE = 200.0, 16.0
_PER_LINE = 32  # characters of a note in its default width


class Area(Protocol):
    """Something with a place."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


class Frame(msgspec.Struct, frozen=True):
    """A titled area behind nodes."""

    title: str
    x: float
    y: float
    width: float
    height: float


class Note(msgspec.Struct, frozen=True):
    """Text on the canvas, already broken into lines."""

    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


def frames_of(graph: Graph, nodes: Mapping[str, Area]) -> tuple[Frame, ...]:
    """The frames that have a place."""
    found = (_frame(item, nodes) for item in graph.layout.frames if isinstance(item, dict))
    return tuple(frame for frame in found if frame is not None)


def _frame(item: dict[str, Any], nodes: Mapping[str, Area]) -> Frame | None:
    title = str(item.get("title", ""))
    numbers = [n for name in ("x", "y", "width", "height") if (n := _number(item, name)) is not None]
    if len(numbers) == 4:
        x, y, width, height = numbers
        return Frame(title, x, y, max(width, 0.0), max(height, 0.0))
    names = item.get("nodes")
    inside = [nodes[n] for n in names if isinstance(n, str) and n in nodes] if isinstance(names, list) else []
    if not inside:
        return None
    left, top = min(a.x for a in inside) - _MARGIN, min(a.y for a in inside) - _MARGIN - _HEAD
    right = max(a.x + a.width for a in inside) + _MARGIN
    bottom = max(a.y + a.height for a in inside) + _MARGIN
    return Frame(title, left, top, right - left, bottom - top)


def notes_of(graph: Graph) -> tuple[Note, ...]:
    """The notes that have a place."""
    found = (_note(item) for item in graph.layout.notes if isinstance(item, dict))
    return tuple(note for note in found if note is not None)


def _note(item: dict[str, Any]) -> Note | None:
    x, y = _number(item, "x"), _number(item, "y")
    if x is None or y is None:
        return None
    width = _number(item, "width") or _NOTE_WIDTH
    lines = _lines(str(item.get("text", "")), max(int(_PER_LINE * width / _NOTE_WIDTH), 8))
    return Note(lines, x, y, width, max(_number(item, "height") or 0.0, len(lines) * _LINE + 16))


def _lines(text: str, most: int) -> tuple[str, ...]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > most:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        lines.append(line)
    return tuple(lines)


def _number(item: dict[str, Any], name: str) -> float | None:
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(float(value), -1e6), 1e6)
