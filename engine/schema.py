"""What other programs need to know of the format: JSON Schema of the document and the catalogue of node types."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, Literal, get_args, get_origin

import msgspec

from engine.document import Graph
from engine.node import Contract, Decision, Fold, Node, Query
from engine.signature import signature_of
from engine.validate.facts import Facts, facts_of, preset_of

_KINDS = {Node: "node", Fold: "fold", Query: "query", Decision: "decision"}


class PortEntry(msgspec.Struct, frozen=True):
    """A port in the catalogue; `clock` as in `engine.values.Port`."""

    name: str
    kind: str
    clock: str
    optional: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A node type in the catalogue.

    `params` is a JSON Schema with titles, units and ranges, closed and with every param required; `presets` are what
    the palette writes into a document.  `lookback` is that at the presets, None if a param has no preset.
    """

    type: str
    category: str
    version: int
    kind: str
    doc: str
    inputs: tuple[PortEntry, ...]
    outputs: tuple[PortEntry, ...]
    params: dict[str, Any]
    presets: dict[str, Any]
    modes: tuple[str, ...]
    scope: str
    lookback: int | None
    breaks_cycle: bool
    synonyms: tuple[str, ...]


def document_schema() -> dict[str, Any]:
    """JSON Schema of a graph document."""
    return msgspec.json.schema(Graph)


def catalogue(registry: Mapping[str, type[Contract]]) -> list[Entry]:
    """All node types, sorted by tag."""
    return [entry_of(tag, registry[tag]) for tag in sorted(registry)]


def entry_of(tag: str, cls: type[Contract]) -> Entry:
    """The catalogue entry of one node type."""
    facts, signature = facts_of(cls), signature_of(cls)
    presets = {name: preset_of(facts, name) for name in facts.fields}
    return Entry(
        type=tag,
        category=tag.rpartition(".")[0],
        version=cls.version,
        kind=next(name for base, name in _KINDS.items() if issubclass(cls, base)),
        doc=cleandoc(cls.__doc__ or ""),
        inputs=tuple(PortEntry(n, p.kind, p.clock, p.optional) for n, p in signature.inputs.items()),
        outputs=tuple(PortEntry(n, p.kind, p.clock) for n, p in signature.outputs.items()),
        params=params_schema(facts),
        presets={name: value for name, (there, value) in presets.items() if there},
        modes=cls.modes,
        scope=cls.scope,
        lookback=_lookback(facts),
        breaks_cycle=facts.breaks_cycle,
        synonyms=cls.synonyms,
    )


def params_schema(facts: Facts) -> dict[str, Any]:
    """JSON Schema of the params of a node type: an object that names every one of them and nothing else."""
    types = tuple(field.type for field in facts.fields.values())
    schemas, parts = msgspec.json.schema_components(types)
    properties: dict[str, Any] = {}
    for (name, field), schema in zip(facts.fields.items(), schemas, strict=True):
        there, preset = preset_of(facts, name)
        properties[name] = schema | _extra(field.type) | ({"default": preset} if there else {})
    result: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(facts.fields),
        "additionalProperties": False,
    }
    return result | ({"$defs": parts} if parts else {})


def _extra(kind: Any) -> dict[str, Any]:
    """What the schema of msgspec lacks: `Meta(extra=...)`, such as the unit, and a list in the order it is declared."""
    info = msgspec.inspect.type_info(kind)
    extra = dict(info.extra or {}) if isinstance(info, msgspec.inspect.Metadata) else {}
    bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    return extra | ({"enum": list(get_args(bare))} if get_origin(bare) is Literal else {})


def _lookback(facts: Facts) -> int | None:
    if any(not preset_of(facts, name)[0] for name in facts.fields):
        return None
    node: Any = facts.cls()
    return int(node.lookback()) if hasattr(node, "lookback") else 1
