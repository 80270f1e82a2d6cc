"""Nodes whose type is not known here: kept, shown and saved as they are, with ports guessed from their wires."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.document import Graph
from engine.node import Contract
from engine.signature import Signature, signature_of


class Ghost(msgspec.Struct, frozen=True):
    """A node of unknown type; ports are name → kind as far as the other end of a wire tells it, else None."""

    id: str
    type: str
    version: int
    params: dict[str, Any]
    inputs: dict[str, str | None]
    outputs: dict[str, str | None]


def ghosts(graph: Graph, registry: Mapping[str, type[Contract]]) -> tuple[Ghost, ...]:
    """The ghost nodes of a graph in document order."""
    signatures = {t: _signature(registry, t) for t in {n.type for n in graph.nodes}}
    known = {n.id: signatures[n.type] for n in graph.nodes}
    inputs: dict[str, dict[str, str | None]] = {}
    outputs: dict[str, dict[str, str | None]] = {}
    for edge in graph.edges:
        source, _, source_port = edge.source.rpartition(".")
        target, _, target_port = edge.target.rpartition(".")
        if source in known and known[source] is None:
            taker = known.get(target)
            port = taker.inputs.get(target_port) if taker else None
            kinds = outputs.setdefault(source, {})
            kinds[source_port] = kinds.get(source_port) or (port.kind if port else None)
        if target in known and known[target] is None:
            giver = known.get(source)
            output = giver.outputs.get(source_port) if giver else None
            inputs.setdefault(target, {})[target_port] = output.kind if output else None
    return tuple(
        Ghost(n.id, n.type, n.version, n.params, inputs.get(n.id, {}), outputs.get(n.id, {}))
        for n in graph.nodes
        if signatures[n.type] is None
    )


def _signature(registry: Mapping[str, type[Contract]], tag: str) -> Signature | None:
    cls = registry.get(tag)
    return None if cls is None else signature_of(cls)
