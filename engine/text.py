"""Text per bar, written only when somebody reads it: what a prompt will be given."""

from typing import Any

import msgspec


class Line(msgspec.Struct, frozen=True, eq=False):
    """One value under a name.

    `value` is what a wire carries (a column, labels, zones, a signal, another text); `digits` are those after the
    decimal point of a number; `unit` stands behind the value.  `kind` is that of the wire where the value alone does
    not tell: a direction and a flag are the same numbers.
    """

    name: str
    value: Any
    digits: int = 2
    unit: str = ""
    kind: str = ""


class Text(msgspec.Struct, frozen=True, eq=False):
    """Lines over `rows` bars; `title` stands above them, empty = no title."""

    rows: int
    title: str
    lines: tuple[Line, ...]

    def __len__(self) -> int:
        return self.rows
