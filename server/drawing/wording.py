"""What a node is called on the canvas, in one line each: title, params, and the whole of it for a screen reader."""

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.document import NodeSpec


def title_of(spec: NodeSpec) -> str:
    """The label of a node, else its id in words, as in all sentences about it."""
    return spec.label or spec.id.replace("_", " ") or "(no id)"


def params_of(spec: NodeSpec, most: int = 3) -> str:
    """The first params that say something, in one line; the timeframe has its own badge."""
    told = [(n, v) for n, v in spec.params.items() if n != "timeframe" and v not in ("", None, False, [], {})]
    return " · ".join(f"{name.replace('_', ' ')} {value_of(value)}" for name, value in told[:most])


def value_of(value: Any) -> str:
    """A param value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str):
        return value or "(empty)"
    return msgspec.json.encode(value).decode()


def spoken(spec: NodeSpec, clock: str, faults: Iterable[str], unknown: bool) -> str:
    """A node in a sentence."""
    parts = [title_of(spec), f"unknown type {spec.type}" if unknown else spec.type, params_of(spec)]
    parts += [f"on {clock}" if clock else "", {"mute": "muted", "bypass": "bypassed"}.get(spec.mode, ""), *faults]
    return ", ".join(part for part in parts if part)
