"""What the validator asks about a node class, worked out once per class."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from engine.node import Contract, Decision, Fold, Node, Query
from engine.signature import Input, signature_of
from engine.timeframe import DURATIONS
from engine.values import Port

NO_CLOCK = ("size", "exit_policy")  # kinds that are rules, not columns: without an input they have no timeframe
TIMEFRAME = "timeframe"


class Facts(msgspec.Struct, frozen=True, eq=False):
    """A node class as the validator sees it.

    `groups` are the input ports by clock name, `free` says whether the node's own clock can be the run's (no input
    that is required decides it), `timeframes` are the params that name a timeframe.
    """

    tag: str
    cls: type[Contract]
    inputs: dict[str, Input]
    outputs: dict[str, Port]
    required: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    free: bool
    fields: dict[str, Any]
    names: frozenset[str]
    timeframes: tuple[str, ...]
    modes: tuple[str, ...]
    decision: bool
    asks: bool
    breaks_cycle: bool
    memory_free: bool
    has_check: bool
    has_lookback: bool


@cache
def facts_of(cls: type[Contract]) -> Facts:
    """The facts about a class.  Raises RegistryError if its signature is broken."""
    signature = signature_of(cls)
    fields = {f.name: f for f in msgspec.structs.fields(cls)}
    named = {p.clock[1:] for p in signature.outputs.values() if p.clock.startswith("=")}
    groups: dict[str, list[str]] = {}
    for name, port in signature.inputs.items():
        groups.setdefault(port.clock, []).append(name)
    inputs = signature.inputs
    return Facts(
        tag=str(cls.__struct_config__.tag),
        cls=cls,
        inputs=inputs,
        outputs=signature.outputs,
        required=tuple(n for n, p in inputs.items() if not p.optional),
        groups=tuple((clock, tuple(ports)) for clock, ports in groups.items()),
        free=all(inputs[name].optional for name in groups.get("", ())),
        fields=fields,
        names=frozenset(fields),
        timeframes=tuple(n for n, f in fields.items() if (n in named or n == TIMEFRAME) and not _is_list(f.type)),
        modes=cls.modes,
        decision=issubclass(cls, Decision),
        asks=issubclass(cls, Query),
        breaks_cycle=bool(getattr(cls, "breaks_cycle", False)),
        memory_free=issubclass(cls, Fold),
        has_check=cls.check is not Contract.check,
        has_lookback=issubclass(cls, Node | Fold) and cls.lookback not in (Node.lookback, Fold.lookback),
    )


def _is_list(kind: Any) -> bool:
    """Whether a type lists its values, so that an unknown one is refused without our help."""
    return get_origin(get_args(kind)[0] if get_origin(kind) is Annotated else kind) is Literal


def preset_of(facts: Facts, name: str) -> tuple[bool, Any]:
    """Whether the palette has a preset for a param, and its value as plain JSON data."""
    field = facts.fields[name]
    value = field.default
    if value is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is msgspec.NODEFAULT:
        return False, None
    return True, msgspec.json.decode(msgspec.json.encode(value))


def presets_of(facts: Facts) -> dict[str, Any] | None:
    """All params as the palette writes them, or None if one has no preset."""
    values = {name: preset_of(facts, name) for name in facts.fields}
    return {n: v for n, (_, v) in values.items()} if all(ok for ok, _ in values.values()) else None


def named_timeframe(params: Mapping[str, Any], name: str, run: str) -> str | None:
    """The timeframe a param names ("" is the run's), or None if it names none."""
    value = params.get(name)
    if value == "":
        return run
    return value if isinstance(value, str) and value in DURATIONS else None


def carries_time(kind: str) -> bool:
    """Whether a value of this kind is a column over bars."""
    return kind not in NO_CLOCK
