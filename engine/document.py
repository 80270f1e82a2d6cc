"""The graph document: plain data, what is stored, diffed, drawn and run (DESIGN 3).

Decoding is strict about the document's own shape (an unknown or missing top-level field is an InputError) and keeps
everything below it as it is: unknown node types, unknown params and broken edges stay, and the validator reports them.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from engine.errors import InputError

SCHEMA_VERSION = 1


class NodeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A node in a graph.

    `mode` "mute" takes it out with everything that needs it, "bypass" passes its input on.  `on_error` says what
    happens when the node fails while it runs: "hold" (its values are unknown), "skip" the symbol, or "pause" the run.
    """

    id: str
    type: str
    version: int
    params: dict[str, Any]
    mode: Literal["on", "mute", "bypass"] = "on"
    on_error: Literal["hold", "skip", "pause"] = "hold"
    label: str = ""


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wire from an output port to an input port, each written `node.port`."""

    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a test in a document expects of its back-test; fields left out are not looked at."""

    trades: int | None = None
    min_trades: int | None = None
    max_trades: int | None = None
    first_side: Literal["long", "short"] | None = None
    sides: list[Literal["long", "short"]] | None = None
    exit_reasons: list[str] | None = None
    min_return: float | None = None


class GraphTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A back-test that belongs to the graph: named fixture candles (`fixture:flat`) and what must come out."""

    name: str
    candles: str
    expect: Expectation


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are drawn; never part of the strategy."""

    nodes: dict[str, tuple[float, float]] = {}
    frames: list[Any] = []
    notes: list[Any] = []


class Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wrote this revision, why, and on which revision it is based."""

    author: str = ""
    message: str = ""
    parent: str | None = None


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for params of nodes: what a sweep turns and what an embedding graph sets.

    Its value is the one that stands at its targets ("node.param"), which must all hold the same: it is written down
    once, and a document is complete without it.
    """

    name: str
    to: tuple[str, ...]
    title: str = ""
    description: str = ""


class InterfaceInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input of an embedded graph: what kind it takes and which inputs ("node.port") inside get it."""

    name: str
    kind: str
    to: tuple[str, ...]


class InterfaceOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An output of an embedded graph and the output ("node.port") inside that it is."""

    name: str
    kind: str
    source: str = msgspec.field(name="from")


class Interface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a graph is seen from a graph it is embedded in, together with its parameters.

    `version` is raised whenever a name, a kind or a meaning changes; a node that embeds the graph names the version it
    was wired for.
    """

    version: int
    inputs: tuple[InterfaceInput, ...] = ()
    outputs: tuple[InterfaceOutput, ...] = ()


class Graph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy as data.

    `subgraphs` are whole documents, by the name under which nodes of type `subgraph.NAME` embed them; a definition sees
    its own definitions only, so it means the same wherever it is carried to.
    """

    schema_version: Literal[1]
    id: str
    name: str
    kind: Literal["advisor", "cycle"]
    description: str
    nodes: tuple[NodeSpec, ...]
    edges: tuple[Edge, ...]
    parameters: tuple[Parameter, ...] = ()
    interface: Interface | None = None
    subgraphs: dict[str, "Graph"] = {}
    tests: tuple[GraphTest, ...] = ()
    layout: Layout = Layout()
    meta: Meta = Meta()


def decode(text: bytes, name: str = "graph") -> Graph:
    """A graph from JSON.  Raises InputError in one sentence if it is no JSON or no graph document."""
    try:
        return msgspec.json.decode(text, type=Graph)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: not a graph document: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: not JSON: {error}") from None


def encode(graph: Graph) -> bytes:
    """The document as people read and diff it: indented JSON, fields in the order of the schema, final newline."""
    return msgspec.json.format(msgspec.json.encode(_plain(graph)), indent=2) + b"\n"


def _plain(graph: Graph) -> dict[str, Any]:
    """The document as it is written: what only some graphs have is left out of the others."""
    out: dict[str, Any] = {}
    for name, key in zip(Graph.__struct_fields__, Graph.__struct_encode_fields__, strict=True):
        value = getattr(graph, name)
        if name == "subgraphs":
            value = {n: _plain(definition) for n, definition in value.items()}
        if value or name not in ("parameters", "interface", "subgraphs"):
            out[key] = value
    return out


def canonical(graph: Graph) -> bytes:
    """The logic of a graph as canonical JSON: no layout, labels, names, tests or meta; nodes and edges sorted.

    The names under which a graph shows its params and ports to others are not its own logic, but are part of the logic
    of the graph that carries it as a definition.
    """
    return msgspec.json.encode(_logic(graph), order="deterministic")


def _logic(graph: Graph) -> dict[str, Any]:
    nodes = [
        {"id": n.id, "type": n.type, "version": n.version, "params": n.params, "mode": n.mode, "on_error": n.on_error}
        for n in sorted(graph.nodes, key=lambda n: n.id)
    ]
    edges = sorted([e.source, e.target] for e in graph.edges)
    logic: dict[str, Any] = {"schema_version": graph.schema_version, "kind": graph.kind, "nodes": nodes, "edges": edges}
    if graph.subgraphs:
        logic["subgraphs"] = {name: _definition(definition) for name, definition in graph.subgraphs.items()}
    return logic


def _definition(graph: Graph) -> dict[str, Any]:
    parameters = {p.name: sorted(p.to) for p in graph.parameters}
    return {"logic": _logic(graph), "parameters": parameters, "interface": graph.interface}


def logic_hash(graph: Graph) -> str:
    """BLAKE2b of the canonical logic; two graphs with the same hash trade the same."""
    return f"b2:{hashlib.blake2b(canonical(graph), digest_size=16).hexdigest()}"


def with_params(graph: Graph, params: Mapping[str, Any]) -> Graph:
    """The graph with some params replaced, by "node.param" or the name of a parameter; the validator checks the values.

    Raises InputError for a node, param or parameter the graph does not have.
    """
    changed: dict[str, dict[str, Any]] = {}
    specs: dict[str, NodeSpec] = {}
    for spec in graph.nodes:
        specs.setdefault(spec.id, spec)
    for given, value in params.items():
        for place in _places(graph, given):
            node, _, param = place.partition(".")
            spec = specs.get(node)
            if spec is None:
                raise InputError(f"{place!r} names no node of the graph; its nodes are {', '.join(specs)}")
            if param not in spec.params:
                known = ", ".join(spec.params) or "none"
                raise InputError(f"{place!r} names no parameter of node {node!r}; it has {known}")
            changed.setdefault(node, dict(spec.params))[param] = value
    nodes = tuple(msgspec.structs.replace(n, params=changed.get(n.id, n.params)) for n in graph.nodes)
    return msgspec.structs.replace(graph, nodes=nodes)


def _places(graph: Graph, name: str) -> tuple[str, ...]:
    """The node params a name stands for."""
    if "." in name:
        return (name,)
    for parameter in graph.parameters:
        if parameter.name == name:
            return parameter.to
    known = ", ".join(p.name for p in graph.parameters) or "none"
    raise InputError(f"{name!r} names no parameter of the graph; it has {known}, others are written node.param")
