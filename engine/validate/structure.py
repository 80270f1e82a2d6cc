"""Phase structure, nodes: reports ids, types and versions that are wrong, and inputs without a wire."""

import re
from collections.abc import Mapping

from engine.document import NodeSpec
from engine.errors import RegistryError
from engine.issue import Fix
from engine.node import Contract
from engine.upgrade import upgraded_params
from engine.validate.facts import Facts, facts_of
from engine.validate.fixes import closest, connect, put, rename
from engine.validate.index import Index, Vertex
from engine.validate.places import Expanded
from engine.validate.problems import Problems, pointer
from engine.validate.wires import connect_all
from engine.validate.words import a

_ID = re.compile(r"[a-z][a-z0-9_]*")
EMBEDS = "subgraph."


def build(expanded: Expanded, registry: Mapping[str, type[Contract]], problems: Problems) -> Index:
    """The flat graph as an index, with all problems of ids, types, versions and wires reported."""
    graph = expanded.graph
    index = Index(graph, registry, [], {}, [], set())
    known: dict[str, Facts | None] = {}
    for number, spec in enumerate(graph.nodes):
        if spec.type not in known:
            cls = registry.get(spec.type)
            known[spec.type] = None if cls is None else facts_of(cls)
        facts = known[spec.type]
        current = facts is not None and facts.cls.version == spec.version
        vertex = Vertex(number, spec.id, spec, facts, current, spec.id in index.by_id, {}, [], [])
        index.vertices.append(vertex)
        index.by_id.setdefault(spec.id, vertex)
    if not graph.nodes:
        problems.add("empty_graph", "The graph has no nodes; add a source of candles, a signal and an order.")
    _report_nodes(index, expanded, problems)
    connect_all(index, problems)
    return index


def _report_nodes(index: Index, expanded: Expanded, problems: Problems) -> None:
    for vertex in index.vertices:
        if not _ID.fullmatch(expanded.local_id(vertex.index)):
            problems.add(
                "bad_id",
                f"Node {vertex.id!r}: the id is not allowed; use small letters, digits and _, beginning with a letter.",
                vertex=vertex,
                expected="[a-z][a-z0-9_]*",
                received=vertex.id,
                fixes=[rename(index, vertex)] if index.affords_hint() else [],
            )
        if vertex.twin:
            problems.add(
                "duplicate_id",
                f"Node {vertex.id!r}: another node already has this id; rename one of them.",
                vertex=vertex,
                fixes=[rename(index, vertex)] if index.affords_hint() else [],
            )
        if vertex.facts is None:
            _report_type(index, vertex, problems)
        elif not vertex.current:
            _report_version(vertex, vertex.facts, problems)


def _report_type(index: Index, vertex: Vertex, problems: Problems) -> None:
    if vertex.spec.type.startswith(EMBEDS):
        if vertex.twin:
            return  # only the first of twins is unfolded
        name = vertex.spec.type.removeprefix(EMBEDS)
        problems.add(
            "unknown_node_type",
            f"Node {vertex.id!r}: the document it stands in has no sub-graph {name!r} with an interface; put its"
            " definition there or remove the node.",
            vertex=vertex,
            received=vertex.spec.type,
        )
        return
    found = closest(vertex.spec.type, _tags(index)) if index.affords_hint() else None
    advice = f"did you mean {found!r}" if found else "install the pack that has it or remove the node"
    fixes = [Fix("set_type", f"use {found}", (put(pointer("nodes", vertex.index, "type"), found),))] if found else []
    problems.add(
        "unknown_node_type",
        f"Node {vertex.id!r}: there is no node type {vertex.spec.type!r}; {advice}.",
        vertex=vertex,
        received=vertex.spec.type,
        fixes=fixes,
    )


def _tags(index: Index) -> list[str]:
    """All known types, or none if a module of the catalogue is broken: a suggestion is not worth stopping for."""
    try:
        return list(index.registry)
    except RegistryError:
        return []


def _report_version(vertex: Vertex, facts: Facts, problems: Problems) -> None:
    spec, newest = vertex.spec, facts.cls.version
    place = f"Node {vertex.id!r}"
    if not 1 <= spec.version < newest:
        problems.add(
            "unknown_node_version",
            f"{place}: {spec.type} has no version {spec.version}; 1 to {newest} are known; update the program.",
            vertex=vertex,
            expected=str(newest),
            received=str(spec.version),
        )
        return
    params, _ = upgraded_params(spec, facts.cls)
    problems.add(
        "outdated_version",
        f"{place}: {spec.type} is now version {newest}, the graph has version {spec.version}; review the upgrade.",
        vertex=vertex,
        expected=str(newest),
        received=str(spec.version),
        fixes=[] if params is None else [_upgrade_fix(vertex, spec, newest, params)],
    )


def _upgrade_fix(vertex: Vertex, spec: NodeSpec, newest: int, params: dict[str, object]) -> Fix:
    patch = [put(pointer("nodes", vertex.index, "version"), newest)]
    if params != spec.params:
        patch.append(put(pointer("nodes", vertex.index, "params"), params))
    return Fix("upgrade", f"upgrade to version {newest}", tuple(patch))


def check_inputs(index: Index, problems: Problems) -> None:
    """Reports required inputs without a wire, except on nodes that are muted away."""
    for vertex in index.vertices:
        if vertex.facts is None or vertex.twin or vertex.removed:
            continue
        needed = vertex.node.requires() if vertex.node is not None else ()
        for port in (*vertex.facts.required, *needed):
            if port not in vertex.wired and f"{vertex.id}.{port}" not in index.spoken_for:
                kind = vertex.facts.inputs[port].kind
                problems.add(
                    "missing_input",
                    f"Node {vertex.id!r}: input {port!r} has no wire; connect {a(kind)}.",
                    vertex=vertex,
                    port=port,
                    expected=kind,
                    fixes=_connections(index, vertex, port, kind),
                )
        one_of = vertex.node.requires_one_of() if vertex.node is not None else ()
        if one_of and not any(p in vertex.wired or f"{vertex.id}.{p}" in index.spoken_for for p in one_of):
            problems.add(
                "missing_input",
                f"Node {vertex.id!r}: none of the inputs {', '.join(map(repr, one_of))} has a wire; connect one.",
                vertex=vertex,
                port=one_of[0],
                expected=vertex.facts.inputs[one_of[0]].kind,
            )


def _connections(index: Index, vertex: Vertex, port: str, kind: str) -> list[Fix]:
    """A wire from the only output of the kind there is, if it cannot close a loop."""
    found: list[tuple[Vertex, str]] = []
    if not index.affords_hint():
        return []
    for other in index.vertices:
        if other.facts is not None and not other.twin:
            found += [(other, name) for name, output in other.facts.outputs.items() if output.kind == kind]
            if len(found) > 1:
                return []
    if not found or found[0][0] is vertex or found[0][0].into or found[0][0].removed:
        return []
    return [connect(f"{found[0][0].id}.{found[0][1]}", f"{vertex.id}.{port}")]
