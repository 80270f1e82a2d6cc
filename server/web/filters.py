"""Filters of the templates: instants, numbers and sizes as people read them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from markupsafe import Markup

from server.clock import now

NOTHING = "\u2013"  # what stands where there is no value
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
STAGES = {
    "queued": "Waiting for its turn", "waiting": "Waiting for its turn", "running": "Begins",
    "candles": "Reading candles", "columns": "Computing nodes", "matching": "Matching orders",
    "metrics": "Working out figures", "trace": "Keeping what every wire carried",
    "explanations": "Explaining trades", "storing": "Storing",
}  # fmt: skip
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
            ("Linux", "Linux"))  # fmt: skip
_WIDE, _HIGH, _EDGE = 100.0, 28.0, 1.5  # the box of a sparkline


class Sparkline(msgspec.Struct, frozen=True):
    """A small curve: its path, the height of its beginning, and whether it ended above or below ("up", "down", "")."""

    path: str
    base: float
    tone: str


def instant(ms: int | None) -> str:
    """`2026-11-25 08:00 UTC`, marked up as a time."""
    if ms is None:
        return NOTHING
    at = _utc(ms)
    return Markup('<time datetime="{}">{}</time>').format(_iso(at), at.strftime("%Y-%m-%d %H:%M UTC"))


def ago(ms: int | None, at: int | None = None) -> str:
    """`3 minutes ago`, with the instant itself to read; `at` is the present."""
    if ms is None:
        return NOTHING
    present = now() if at is None else at
    exact = _utc(ms)
    words = _distance((present - ms) // 1000)
    title = exact.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(_iso(exact), title, words)


def number(value: float | None, digits: int | None = None) -> str:
    """`12,345.6`: integers whole, others with `digits` decimals, or as many as they need (six at most)."""
    if value is None:
        return NOTHING
    if digits is not None:
        return _without_minus_zero(f"{value:,.{digits}f}")
    if float(value).is_integer():
        return f"{int(value):,}"
    return _without_minus_zero(f"{value:,.6f}".rstrip("0").rstrip("."))


def money(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """An amount: `10,000.00`; with its sign if that is what matters."""
    if value is None:
        return NOTHING
    return _without_minus_zero(f"{value:{'+' if signed else ''},.{digits}f}")


def percent(fraction: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A fraction in percent: 0.1234 is `12.34 %`."""
    if fraction is None:
        return NOTHING
    return f"{_without_minus_zero(f'{100 * fraction:{"+" if signed else ""},.{digits}f}')} %"


def size(count: int | None) -> str:
    """Bytes: `3.4 MiB`."""
    if count is None:
        return NOTHING
    value = float(count)
    for unit in _UNITS[:-1]:
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} {_UNITS[-1]}"


def seconds(value: float | None) -> str:
    """A duration: `320 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if value is None:
        return NOTHING
    if value < 0.9995:
        return f"{1000 * value:.0f} ms"
    if value < _MINUTE - 0.05:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR:,} h {whole % _HOUR // _MINUTE} min"


def sparkline(points: Sequence[float]) -> Sparkline | None:
    """The curve of some numbers, None for less than two."""
    if len(points) < 2:
        return None
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    y = [_HIGH - _EDGE - (_HIGH - 2 * _EDGE) * (value - low) / span for value in points]
    step = _WIDE / (len(points) - 1)
    path = "".join(f"{'L' if at else 'M'}{at * step:.1f} {height:.1f}" for at, height in enumerate(y))
    tone = "up" if points[-1] > points[0] else "down" if points[-1] < points[0] else ""
    return Sparkline(path, round(y[0], 1), tone)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _distance(past: int) -> str:
    """The words of some seconds in the past (or, negative, in the future)."""
    length = abs(past)
    if length < 45:
        return "just now" if past >= 0 else "in a moment"
    for limit, unit, name in ((_HOUR, _MINUTE, "minute"), (_DAY, _HOUR, "hour"), (60 * _DAY, _DAY, "day")):
        if length < limit:
            return _told(max(1, length // unit), name, past)
    months = length // (30 * _DAY)
    return _told(months, "month", past) if months < 24 else _told(months // 12, "year", past)


def _told(count: int, unit: str, past: int) -> str:
    words = f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{words} ago" if past >= 0 else f"in {words}"


def _without_minus_zero(text: str) -> str:
    """-0.00 says nothing that 0.00 does not."""
    return text[1:] if text[:1] in "-+" and not text.strip("+-0.,") else text


def sentence(text: str | None) -> str:
    """A message of the engine or the server as a sentence of a page; a name at its beginning stays as it is."""
    if not text:
        return NOTHING
    first = text.split(maxsplit=1)[0]
    begun = text if any(sign in first for sign in "_./") else text[0].upper() + text[1:]
    return begun if begun[-1] in ".!?:" else f"{begun}."


def stage(name: str | None) -> str:
    """The stage of a back-test in words."""
    return STAGES.get(name, name) if name else NOTHING


def browser(agent: str | None) -> str:
    """`Firefox on Linux`, out of what a browser says of itself."""
    if not agent:
        return NOTHING
    named = [name for sign, name in _BROWSERS if sign in agent]
    system = [name for sign, name in _SYSTEMS if sign in agent]
    return " on ".join(named[:1] + system[:1]) if named else agent[:40]


FILTERS: dict[str, Callable[..., Any]] = {
    "instant": instant,
    "ago": ago,
    "number": number,
    "money": money,
    "percent": percent,
    "size": size,
    "seconds": seconds,
    "sentence": sentence,
    "stage": stage,
    "browser": browser,
    "sparkline": sparkline,
}
