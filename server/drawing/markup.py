"""Writes SVG elements; every text and attribute is escaped, so what a document says stays text."""

import re
from html import escape

# What XML 1.0 has no place for: a picture with one of them would not open.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Value = str | float | None


def text_of(value: str) -> str:
    """Text as it stands in markup."""
    return escape(_NOT_XML.sub("\ufffd", value))


def element(name: str, inside: str = "", /, **attributes: Value) -> str:
    """An element; `inside` is markup.  Attributes that are None are left out, `_` in their names is `-`."""
    written = "".join(
        f' {key.strip("_").replace("_", "-")}="{_value(v)}"' for key, v in attributes.items() if v is not None
    )
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def label(value: str, most: int, /, **attributes: Value) -> str:
    """A text element, cut to a number of characters."""
    return element("text", text_of(cut(value, most)), **attributes)


def cut(value: str, most: int) -> str:
    """Text of at most so many characters."""
    return value if len(value) <= most else f"{value[: most - 1].rstrip()}…"


def classes(*names: str) -> str:
    """Class names, empty ones left out."""
    return " ".join(name for name in names if name)


def _value(value: str | float | None) -> str:
    return f"{value:g}" if isinstance(value, float) else text_of(str(value))


def number(value: float) -> str:
    """A coordinate without needless digits."""
    return f"{round(value, 1):g}"


def curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Path data from an output to an input: leaves to the right, arrives from the left."""
    (x1, y1), (x2, y2) = start, end
    reach = max(abs(x2 - x1) * 0.45, 36.0)
    if x2 < x1:
        reach = min(reach, 120.0)
    points = (x1, y1, x1 + reach, y1, x2 - reach, y2, x2, y2)
    a, b, c, d, e, f, g, h = map(number, points)
    return f"M{a} {b}C{c} {d} {e} {f} {g} {h}"
