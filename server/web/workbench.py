"""What the workbench of a back-test page must know of the graph: its nodes on all levels, and the calls for entries."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.document import Graph
from engine.node import Contract, Decision
from engine.validate.expand import expand
from server.drawing.levels import Level, definition_of, level_at
from server.drawing.wording import title_of, value_of

_CALLS = ("signal", "enter")  # inputs by which a decision is asked for an entry


def nodes_of(graph: Graph) -> dict[str, dict[str, Any]]:
    """Nodes by flat id: {title, type, params}, those that embed a graph with `inside` and their outputs.

    `outputs` are [port, wire]: the wire inside that an output of the embedded graph stands for.
    """
    return dict(_nodes(graph, level_at(graph, "")))


def _nodes(graph: Graph, level: Level) -> Iterator[tuple[str, dict[str, Any]]]:
    for node in level.graph.nodes:
        flat, definition = level.prefix + node.id, definition_of(level.graph, node)
        told: dict[str, Any] = {
            "title": title_of(node),
            "type": node.type,
            "params": {name: value_of(value) for name, value in node.params.items() if value != ""},
        }
        if definition is not None:
            outputs = definition.interface.outputs if definition.interface else ()
            told["inside"] = True
            told["outputs"] = [[o.name, level.value_of(f"{node.id}.{o.name}")] for o in outputs]
        yield flat, told
        if definition is not None:
            yield from _nodes(graph, level_at(graph, flat))


def types_of(nodes: Mapping[str, Mapping[str, Any]], registry: Mapping[str, type[Contract]]) -> dict[str, str]:
    """The first sentence about every node type that is used."""
    used = {str(node["type"]) for node in nodes.values()}
    return {tag: _sentence(registry[tag]) for tag in sorted(used) if tag in registry}


def _sentence(contract: type[Contract]) -> str:
    text = " ".join((contract.__doc__ or "").strip().partition("\n\n")[0].split())
    return text.partition("\n")[0]


def calls_of(graph: Graph, registry: Mapping[str, type[Contract]]) -> list[str]:
    """The wires by which the decisions of a graph are asked for entries."""
    flat = expand(graph).graph
    decisions = {n.id for n in flat.nodes if n.type in registry and issubclass(registry[n.type], Decision)}
    ends = ((edge.source, *edge.target.rpartition(".")[::2]) for edge in flat.edges)
    return [source for source, node, port in ends if node in decisions and port in _CALLS]
