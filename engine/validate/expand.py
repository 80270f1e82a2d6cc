"""Unfolds embedded graphs: what a document with sub-graphs means, as one flat graph.

A node `trend_1d` of type `subgraph.trend` becomes the nodes `trend_1d/pivots`, `trend_1d/swings`, … of the definition
"trend" with the node's params at the places the definition's parameters name.  Only what the wired outputs need is
taken, so an embedded advisor brings its signal and not its orders.  Nesting is finite: a definition carries its own
definitions.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.document import Edge, Graph, NodeSpec, with_params
from engine.issue import Fix, Issue
from engine.validate.codes import CODES
from engine.validate.places import Expanded, Facing, Origin
from engine.validate.problems import pointer

PREFIX = "subgraph."
MOST_NODES = 20_000  # of an unfolded graph: a few nested definitions could stand for millions


def expand(graph: Graph) -> Expanded:
    """Unfold a graph; one without embedded graphs is given back as it is."""
    if not any(n.type.startswith(PREFIX) for n in graph.nodes) and not graph.parameters and graph.interface is None:
        return Expanded(graph)
    unfolding = _Unfolding()
    if _size(graph) > MOST_NODES:
        message = f"The graph has more than {MOST_NODES:,} nodes once its sub-graphs are unfolded; embed fewer."
        unfolding.fault("bad_interface", message, Origin(""))
        return Expanded(graph, issues=tuple(unfolding.issues))
    shown = [o.source for o in graph.interface.outputs] if graph.interface else []
    inside = unfolding.level(graph, "", Origin(""), {n.id for n in graph.nodes}, shown)
    unfolding.facings_of(graph, "", Origin(""))
    flat = msgspec.structs.replace(graph, nodes=tuple(unfolding.nodes), edges=tuple(unfolding.edges))
    return Expanded(
        flat,
        tuple(unfolding.node_origins),
        tuple(unfolding.edge_origins),
        tuple(unfolding.facings),
        frozenset(a.rpartition(".")[0] for source in shown for a in _flat_outputs(inside, source)),
        tuple(unfolding.issues),
    )


def _flat_outputs(inside: "Mapping[str, _Embedding]", address: str, prefix: str = "") -> list[str]:
    """The flat outputs behind an output of a document."""
    node, _, port = address.partition(".")
    return inside[node].outputs_at(port) if node in inside else [prefix + address]


def _size(graph: Graph) -> int:
    sizes = {name: _size(definition) for name, definition in graph.subgraphs.items()}
    return sum(sizes.get(n.type.removeprefix(PREFIX), 1) if n.type.startswith(PREFIX) else 1 for n in graph.nodes)


class _Unfolding:
    """Collects the flat graph level by level."""

    def __init__(self) -> None:
        self.nodes: list[NodeSpec] = []
        self.edges: list[Edge] = []
        self.node_origins: list[Origin] = []
        self.edge_origins: list[Origin] = []
        self.facings: list[Facing] = []
        self.issues: list[Issue] = []

    def fault(self, code: str, message: str, place: Origin, **more: Any) -> None:
        """Report something wrong with an embedding."""
        issue = Issue(code=code, severity="error", phase=CODES[code].phase, message=message, path=place.path, **more)
        if issue not in self.issues:  # a definition that is embedded twice is wrong once
            self.issues.append(issue)

    def level(
        self, graph: Graph, prefix: str, at: Origin, taken: set[str], shown: list[str]
    ) -> "dict[str, _Embedding]":
        """Add the nodes of one document that are taken, and their wires; `shown` are its outputs seen outside."""
        check_parameters(self, graph, at, prefix)
        first = {n.id: i for i, n in reversed(list(enumerate(graph.nodes)))}  # of twins the first has the wires
        embedded = {i for i in first.values() if self._embeds(graph, i, prefix, at)}
        inside: dict[str, _Embedding] = {}
        for number, node in enumerate(graph.nodes):
            if node.id not in taken:
                continue
            origin = Origin(f"{at.path}/nodes/{number}", node.id, _bound(at, node.id))
            if number in embedded:
                used = [*(e.source for e in graph.edges if e.target.partition(".")[0] in taken), *shown]
                wired = {port for name, _, port in (u.partition(".") for u in used) if name == node.id}
                if not wired and node.mode == "on":
                    self._unused(prefix + node.id, origin)
                inside[node.id] = self._embed(graph, node, prefix, origin, wired)
            else:
                self.nodes.append(msgspec.structs.replace(node, id=prefix + node.id))
                self.node_origins.append(origin)
        for number, edge in enumerate(graph.edges):
            self._wire(edge, prefix, Origin(f"{at.path}/edges/{number}"), taken, inside)
        return inside

    def _embeds(self, graph: Graph, number: int, prefix: str, at: Origin) -> bool:
        """Whether a node is to be unfolded; one that cannot be stays as a ghost, and the reason is reported."""
        node = graph.nodes[number]
        name = node.type.removeprefix(PREFIX)
        definition = graph.subgraphs.get(name) if node.type.startswith(PREFIX) else None
        if definition is None:
            return False  # a node, or an unknown type like any other
        place = Origin(f"{at.path}/nodes/{number}")
        if definition.interface is None:
            message = f"Node {prefix + node.id!r}: sub-graph {name!r} has no interface; say what goes in and out."
            self.fault("bad_interface", message, place, node=prefix + node.id)
            return False
        return True

    def _unused(self, full: str, place: Origin) -> None:
        """Nothing of an embedded graph is unfolded if no output of it is wired, which must not go unsaid."""
        message = f"Node {full!r}: nothing of this sub-graph is used; connect an output, mute it or remove it."
        code = CODES["unreachable_node"]
        self.issues.append(
            Issue(code="unreachable_node", severity=code.severity, phase=code.phase, message=message, path=place.path,
                  node=full)
        )  # fmt: skip

    def _embed(self, graph: Graph, node: NodeSpec, prefix: str, origin: Origin, wired: set[str]) -> "_Embedding":
        definition = graph.subgraphs[node.type.removeprefix(PREFIX)]
        interface, full = definition.interface, prefix + node.id
        assert interface is not None
        self._check_embedding(definition, node, full, origin)
        known = {p.name for p in definition.parameters}
        targets = {p.name: p.to for p in definition.parameters}
        sound = all(_is_param(definition, place) for places in targets.values() for place in places)
        values = {name: value for name, value in node.params.items() if name in known}
        tuned = with_params(definition, values) if sound else definition
        tuned = _switched(tuned, node)
        path = _definition_path(origin.path, node.type)
        bound = {
            place: origin.params.get(name, f"{origin.path}{pointer('params', name)}")
            for name in values
            for place in targets[name]
        }
        outputs = {o.name: o.source for o in interface.outputs}
        inner = Origin(path, "", bound)
        sources = [source for name, source in outputs.items() if name in wired]
        taken = _needed(tuned, [source.partition(".")[0] for source in sources])
        self.facings_of(definition, f"{full}/", inner)
        self.level(tuned, f"{full}/", inner, taken, sources)
        inputs = {i.name: tuple(to for to in i.to if to.partition(".")[0] in taken) for i in interface.inputs}
        return _Embedding(full, inputs, outputs, tuned, interface.version)

    def _check_embedding(self, definition: Graph, node: NodeSpec, full: str, origin: Origin) -> None:
        interface, name = definition.interface, node.type.removeprefix(PREFIX)
        known = [p.name for p in definition.parameters]
        if interface is not None and node.version != interface.version:
            path = f"{origin.path}/version"
            fix = Fix("upgrade", f"use version {interface.version}", (_replace(path, interface.version),))
            self.fault(
                "unknown_node_version",
                f"Node {full!r}: the interface of sub-graph {name!r} is version {interface.version}, the node was"
                f" wired for {node.version}; review its ports and params and set the version.",
                origin, node=full, expected=str(interface.version), received=str(node.version), fixes=(fix,),
            )  # fmt: skip
        if node.mode == "bypass":
            message = f"Node {full!r}: an embedded graph cannot be bypassed; mute it or switch it on."
            self.fault("cannot_bypass", message, origin, node=full)
        for param in node.params:
            if param not in known:
                self.fault(
                    "unknown_param",
                    f"Node {full!r}: there is no param {param!r}; it has {', '.join(known) or 'none'}, remove or"
                    " rename it.",
                    Origin(f"{origin.path}{pointer('params', param)}"), node=full, param=param,
                )  # fmt: skip
        for parameter in definition.parameters:
            if parameter.name not in node.params and _is_param(definition, parameter.to[0] if parameter.to else ""):
                value = _param(definition, parameter.to[0])
                path = f"{origin.path}{pointer('params', parameter.name)}"
                fix = Fix("set_param", f"set {parameter.name} to {value!r}", (_replace(path, value, "add"),))
                message = f"Node {full!r}: param {parameter.name!r} is missing; write it into the graph."
                self.fault("missing_param", message, origin, node=full, param=parameter.name, fixes=(fix,))

    def facings_of(self, definition: Graph, prefix: str, place: Origin) -> None:
        """Checks that an interface speaks of nodes that are there, and notes its ports for the check of their kinds."""
        ids = {n.id for n in definition.nodes}
        interface = definition.interface
        ports = [(i.name, to, i.kind, False) for i in interface.inputs for to in i.to] if interface else []
        ports += [(o.name, o.source, o.kind, True) for o in interface.outputs] if interface else []
        where = Origin(f"{place.path}/interface")
        for name, address, kind, output in ports:
            word = "output" if output else "input"
            if address.partition(".")[0] not in ids:
                missing = address.partition(".")[0]
                message = f"Interface {word} {name!r}: there is no node {missing!r} in {definition.id!r}; name one."
                self.fault("bad_interface", message, where, port=name)
            else:
                self.facings.append(Facing(prefix + address, output, kind, where, name))

    def _wire(
        self, edge: Edge, prefix: str, origin: Origin, taken: set[str], inside: "Mapping[str, _Embedding]"
    ) -> None:
        """Add a wire, with each end that is an embedded graph led to the port inside that it stands for."""
        source, _, source_port = edge.source.partition(".")
        target, _, target_port = edge.target.partition(".")
        if (source not in taken or target not in taken) and prefix:
            return  # what the wired outputs do not need
        start = _flat_outputs(inside, edge.source, prefix)
        ends = [prefix + edge.target]
        if target in inside:
            ends = inside[target].inputs_at(target_port)
        for known, name, port, word in ((inside.get(source), source, source_port, "output"),
                                        (inside.get(target), target, target_port, "input")):  # fmt: skip
            if known is not None and not known.has(port, word):
                have = ", ".join(known.inputs if word == "input" else known.outputs) or "none"
                self.fault(
                    "unknown_port",
                    f"Node {prefix + name!r}: there is no {word} {port!r}; it has {have}, connect one of them or"
                    " remove the wire.",
                    origin, node=prefix + name, port=port, expected=have, received=port,
                    fixes=(Fix("remove_wire", "remove the wire", ({"op": "remove", "path": origin.path},)),),
                )  # fmt: skip
        for begin in start:
            for end in ends:
                self.edges.append(Edge(begin, end))
                self.edge_origins.append(origin)


class _Embedding(msgspec.Struct, frozen=True):
    """An unfolded node: its ports, and the places inside that they stand for."""

    id: str
    inputs: dict[str, tuple[str, ...]]
    outputs: dict[str, str]
    definition: Graph
    version: int

    def has(self, port: str, word: str) -> bool:
        return port in (self.inputs if word == "input" else self.outputs)

    def inputs_at(self, port: str) -> list[str]:
        return [end for to in self.inputs.get(port, ()) for end in self._inside(to, "input")]

    def outputs_at(self, port: str) -> list[str]:
        return self._inside(self.outputs[port], "output") if port in self.outputs else []

    def _inside(self, address: str, word: str) -> list[str]:
        """Flat addresses of a port in the definition, which may itself be that of an embedded graph."""
        node, _, port = address.partition(".")
        spec = next((n for n in self.definition.nodes if n.id == node), None)
        inner = self.definition.subgraphs.get(spec.type.removeprefix(PREFIX)) if spec else None
        if spec is None or not spec.type.startswith(PREFIX) or inner is None or inner.interface is None:
            return [f"{self.id}/{address}"]
        ports = inner.interface.inputs if word == "input" else inner.interface.outputs
        deeper = _Embedding(
            f"{self.id}/{node}",
            {i.name: i.to for i in inner.interface.inputs},
            {o.name: o.source for o in inner.interface.outputs},
            inner,
            inner.interface.version,
        )
        if port not in {p.name for p in ports}:
            return [f"{self.id}/{address}"]
        return deeper.inputs_at(port) if word == "input" else deeper.outputs_at(port)


def check_parameters(unfolding: _Unfolding, graph: Graph, at: Origin, prefix: str) -> None:
    """Reports parameters that name no param, and such whose targets disagree."""
    for number, parameter in enumerate(graph.parameters):
        place = Origin(f"{at.path}/parameters/{number}")
        wrong = [to for to in parameter.to if not _is_param(graph, to)]
        if wrong or not parameter.to:
            what = f"there is no param {wrong[0]!r}" if wrong else "it names no param of a node"
            message = f"Parameter {parameter.name!r}: {what}; write node.param of a node that is there."
            unfolding.fault("bad_parameter", message, place, param=parameter.name)
            continue
        values = [_param(graph, to) for to in parameter.to]
        if any(value != values[0] for value in values) and not prefix:
            unfolding.fault(
                "bad_parameter",
                f"Parameter {parameter.name!r}: {parameter.to[0]} is {values[0]!r} but "
                f"{next(t for t, v in zip(parameter.to, values, strict=True) if v != values[0])} is another value; "
                "give all of them the same.",
                place, param=parameter.name,
            )  # fmt: skip


def _is_param(graph: Graph, place: str) -> bool:
    node, dot, param = place.partition(".")
    return bool(dot) and param in _params(graph, node)


def _param(graph: Graph, place: str) -> Any:
    node, _, param = place.partition(".")
    return _params(graph, node)[param]


def _params(graph: Graph, node: str) -> dict[str, Any]:
    """Params of a node (the first of twins), none if it is not there."""
    return next((n.params for n in graph.nodes if n.id == node), {})


def _switched(definition: Graph, node: NodeSpec) -> Graph:
    """The definition with what the embedding node says about running put on each of its nodes."""
    if node.mode != "mute" and node.on_error == "hold":
        return definition

    def switched(inner: NodeSpec) -> NodeSpec:
        mode = "mute" if node.mode == "mute" else inner.mode
        policy = node.on_error if inner.on_error == "hold" else inner.on_error
        return msgspec.structs.replace(inner, mode=mode, on_error=policy)

    return msgspec.structs.replace(definition, nodes=tuple(map(switched, definition.nodes)))


def _needed(graph: Graph, starts: list[str]) -> set[str]:
    """Ids of nodes and of everything upstream of them."""
    before: dict[str, list[str]] = {}
    for edge in graph.edges:
        before.setdefault(edge.target.partition(".")[0], []).append(edge.source.partition(".")[0])
    seen = set(starts)
    queue = list(seen)
    for name in queue:
        for other in before.get(name, ()):
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return seen


def _bound(at: Origin, node: str) -> dict[str, str]:
    """Pointers of the params of a node that the embedding node sets."""
    return {place.partition(".")[2]: path for place, path in at.params.items() if place.partition(".")[0] == node}


def _definition_path(path: str, tag: str) -> str:
    """Pointer of a definition: it stands in the document that holds the embedding node."""
    document = path.rpartition("/nodes/")[0]
    return f"{document}{pointer('subgraphs', tag.removeprefix(PREFIX))}"


def _replace(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}
