"""Reading what wires carry by rows: a part of it, one row of it, or nothing known."""

from typing import Any

import msgspec
import numpy as np

from engine.candles import Candles
from engine.values import UNKNOWN, ExitPolicy, Labels, Line, Signal, SignalRow, Text, Zones, constant, no_zones


def rows_of(value: Any, start: int, stop: int) -> Any:
    """Rows `start` to `stop` of a value, as views where that is possible; rules are what they are at every row."""
    if isinstance(value, np.ndarray):
        return value[start:stop]
    if isinstance(value, Candles | Labels | Zones):
        return value.part(start, stop)
    if isinstance(value, Text):
        lines = tuple(msgspec.structs.replace(line, value=rows_of(line.value, start, stop)) for line in value.lines)
        return Text(stop - start, value.title, lines)
    if isinstance(value, Signal | ExitPolicy):
        columns = {n: getattr(value, n) for n in value.__struct_fields__}
        cut = {n: c[start:stop] for n, c in columns.items() if isinstance(c, np.ndarray)}
        return msgspec.structs.replace(value, **cut) if cut else value
    return value


def row_value(value: Any, row: int) -> Any:
    """The value of a wire at one bar, as a decision gets it: float, int, name, zones, `SignalRow`, text or a rule."""
    if isinstance(value, np.ndarray):
        return value[row].item()
    if isinstance(value, Signal):
        return SignalRow(
            direction=int(value.direction[row]),
            **{n: float(getattr(value, n)[row]) for n in SignalRow.__struct_fields__ if n != "direction"},
        )
    if isinstance(value, Labels | Zones):
        return value.at(row)
    if isinstance(value, Text):
        return text_at(value, row)
    return value


def unknown(kind: str, length: int) -> Any:
    """A value of a kind in which nothing is known; None for rules, which have no such value."""
    if kind == "number":
        return np.full(length, np.nan)
    if kind in ("flag", "direction"):
        return np.full(length, UNKNOWN, np.int8)
    if kind == "label":
        return Labels(np.full(length, UNKNOWN, np.int8), ())
    if kind == "zones":
        return no_zones(length)
    if kind == "text":
        return Text(length, "", ())
    if kind == "signal":
        blank = constant(float("nan"), length)
        return Signal(
            direction=np.full(length, UNKNOWN, np.int8),
            entry=blank, confidence=blank, stop=blank, target=blank, quality=blank, environment=blank,
        )  # fmt: skip
    return None


_UNKNOWN = "not yet known"
_FLAGS = {0: "no", 1: "yes", UNKNOWN: _UNKNOWN}
_WAYS = {1: "up", -1: "down", 0: "flat", UNKNOWN: _UNKNOWN}
_SIDES = {1: "long", -1: "short", 0: "nothing", UNKNOWN: _UNKNOWN}


def text_at(text: Text, row: int) -> str:
    """The text of one bar, a line for each value."""
    lines = [text.title] if text.title else []
    return "\n".join([*lines, *(_line(line, row) for line in text.lines)])


def _line(line: Line, row: int) -> str:
    if isinstance(line.value, Text):
        return text_at(line.value, row)
    words = value_words(row_value(line.value, row), line.digits, line.kind)
    words = f"{words} {line.unit}" if line.unit and words != _UNKNOWN else words
    return f"{line.name}: {words}" if line.name else words


def value_words(value: Any, digits: int = 2, kind: str = "") -> str:
    """The value of a wire at one bar for people; a whole number stands for a flag, unless the kind is a direction."""
    if value is None:
        return _UNKNOWN
    if isinstance(value, float):
        return f"{value:.{digits}f}" if value == value else _UNKNOWN
    if isinstance(value, int):
        return (_WAYS if kind == "direction" else _FLAGS).get(value, str(value))
    if isinstance(value, SignalRow):
        return _signal_words(value, digits)
    if isinstance(value, tuple):
        return "; ".join(f"{z.low:.{digits}f} to {z.high:.{digits}f} ({z.touches} touches)" for z in value) or "none"
    return str(value)


def _signal_words(signal: SignalRow, digits: int) -> str:
    words = _SIDES[signal.direction]
    if signal.direction not in (1, -1):
        return words
    levels = [("entry", signal.entry), ("stop", signal.stop), ("target", signal.target)]
    parts = [f"{name} {price:.{digits}f}" for name, price in levels if price == price]
    return ", ".join([words, *parts, f"confidence {signal.confidence:.2f}"])
