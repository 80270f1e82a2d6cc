"""Which ports a node shows on the canvas, and of what kind they are."""

from collections.abc import Mapping, Sequence

import msgspec

from engine.document import Graph, NodeSpec
from engine.ghosts import ghosts
from engine.node import Contract
from engine.signature import signature_of
from server.drawing.levels import definition_of

MOST = 6  # ports per side that are shown though nothing is connected


class Port(msgspec.Struct, frozen=True):
    """A port; `kind` is None where it cannot be known, `known` is False where only a wire speaks of it."""

    name: str
    kind: str | None
    optional: bool = False
    known: bool = True


class Ports(msgspec.Struct, frozen=True):
    """The ports of a node that are shown, and how many are not.  `found` is False for an unknown node type."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    hidden: int = 0
    found: bool = True


def ports_of(graph: Graph, registry: Mapping[str, type[Contract]]) -> list[Ports]:
    """The ports of all nodes, in document order; of nodes with one id the first has the wires."""
    wired = _wired(graph)
    unknown = {g.id: g for g in ghosts(graph, registry)}
    out: list[Ports] = []
    for node in graph.nodes:
        into, from_it = wired.pop(node.id, ((), ()))
        declared = _declared(graph, node, registry)
        if declared is None:
            ghost = unknown[node.id]
            inputs = tuple(Port(p, ghost.inputs.get(p), known=False) for p in into)
            outputs = tuple(Port(p, ghost.outputs.get(p), known=False) for p in from_it)
            out.append(Ports(inputs, outputs, found=False))
        else:
            inputs, left = _shown(declared[0], into)
            outputs, more = _shown(declared[1], from_it)
            out.append(Ports(inputs, outputs, left + more))
    return out


def _wired(graph: Graph) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Per node the ports that wires speak of: inputs, outputs."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for edge in graph.edges:
        for address, side in ((edge.target, 0), (edge.source, 1)):
            node, _, port = address.rpartition(".")
            names = found.setdefault(node, ([], []))[side]
            if port not in names:
                names.append(port)
    return dict(found)


def _declared(
    graph: Graph, node: NodeSpec, registry: Mapping[str, type[Contract]]
) -> tuple[list[Port], list[Port]] | None:
    definition = definition_of(graph, node)
    if definition is not None and definition.interface is not None:
        face = definition.interface
        return [Port(i.name, i.kind) for i in face.inputs], [Port(o.name, o.kind) for o in face.outputs]
    cls = registry.get(node.type)
    if cls is None:
        return None
    signature = signature_of(cls)
    inputs = [Port(name, port.kind, port.optional) for name, port in signature.inputs.items()]
    return inputs, [Port(name, port.kind) for name, port in signature.outputs.items()]


def _shown(ports: list[Port], wired: Sequence[str]) -> tuple[tuple[Port, ...], int]:
    """All ports if they are few, else those connected and those that have to be; and how many are left out."""
    names = {p.name for p in ports}
    lost = [Port(name, None, known=False) for name in wired if name not in names]
    if len(ports) <= MOST:
        return (*ports, *lost), 0
    kept = [p for p in ports if p.name in wired] or ports[:1]
    return (*kept, *lost), len(ports) - len(kept)
