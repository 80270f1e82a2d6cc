"""Value kinds on a canvas: which there are, in one order, each with its class and what it means."""

from collections.abc import Iterable

import msgspec

from engine.values import KINDS

_UNKNOWN = "unknown"


class Tone(msgspec.Struct, frozen=True):
    """A value kind as it is drawn: CSS class, name, meaning."""

    css: str
    name: str
    meaning: str


def css_of(kind: str | None) -> str:
    """The CSS class of a value kind; kinds we do not know share one."""
    return f"k-{kind}" if kind in KINDS or kind == "any" else f"k-{_UNKNOWN}"


def tones(kinds: Iterable[str]) -> list[Tone]:
    """The legend for some kinds."""
    there = set(kinds)
    known = [Tone(css_of(kind), kind.replace("_", " "), meaning) for kind, meaning in KINDS.items() if kind in there]
    any_kind = [Tone("k-any", "any", "takes every kind that has one value per bar")] if "any" in there else []
    lost = there - set(KINDS) - {"any"}
    return [
        *known,
        *any_kind,
        *([Tone(f"k-{_UNKNOWN}", "unknown", "a node type or port that is not known")] * bool(lost)),
    ]


def kinds_in(pairs: Iterable[str | None]) -> set[str]:
    """Names of the kinds, `unknown` for what has none."""
    return {kind or _UNKNOWN for kind in pairs}
