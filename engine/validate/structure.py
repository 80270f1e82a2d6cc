"""Phase structure: reads nodes and wires, reports what is doubled, unknown or loose."""

import re
from collections.abc import Mapping

from engine.document import Graph, NodeSpec
from engine.errors import RegistryError
from engine.issue import Fix
from engine.node import Contract
from engine.upgrade import upgraded_params
from engine.validate.facts import Facts, facts_of
from engine.validate.fixes import closest, connect, move_end, put, remove_edge, rename
from engine.validate.index import Index, Vertex, Wire
from engine.validate.problems import Problems, pointer
from engine.validate.words import a

_ID = re.compile(r"[a-z][a-z0-9_]*")


def build(graph: Graph, registry: Mapping[str, type[Contract]], problems: Problems) -> Index:
    """The graph as an index, with all problems of ids, types, versions and wires reported."""
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
    _report_nodes(index, problems)
    _connect(index, problems)
    return index


def _report_nodes(index: Index, problems: Problems) -> None:
    for vertex in index.vertices:
        if not _ID.fullmatch(vertex.id):
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
            f"{place}: {spec.type} has no version {spec.version}; versions 1 to {newest} are known; update the program.",
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


def _connect(index: Index, problems: Problems) -> None:
    seen: set[tuple[str, str]] = set()
    for number, edge in enumerate(index.graph.edges):
        pair = (edge.source, edge.target)
        if pair in seen:
            problems.add(
                "duplicate_edge",
                f"Wire {edge.source} -> {edge.target}: it is there twice; remove one.",
                vertex=index.by_id.get(edge.target.rpartition(".")[0]),
                edge=number,
                fixes=[remove_edge(number)],
            )
            continue
        seen.add(pair)
        source_id, _, source_port = edge.source.rpartition(".")
        target_id, _, target_port = edge.target.rpartition(".")
        source, target = index.by_id.get(source_id), index.by_id.get(target_id)
        if source is None or target is None or not source_port or not target_port:
            _report_loose(index, number, problems)
            continue
        wire = Wire(number, source, source_port, target, target_port)
        index.wires.append(wire)
        source.out.append(wire)
        target.into.append(wire)
        if _ports_fit(wire, problems):
            _occupy(wire, problems)


def _report_loose(index: Index, number: int, problems: Problems) -> None:
    edge = index.graph.edges[number]
    faults: list[str] = []
    fixes: list[Fix] = []
    target: Vertex | None = None
    for end, address in (("from", edge.source), ("to", edge.target)):
        node, dot, port = address.rpartition(".")
        vertex = index.by_id.get(node)
        if not (dot and node and port):
            faults.append(f"{address!r} is not written node.port")
        elif vertex is None:
            faults.append(f"there is no node {node!r}")
            near = closest(node, index.by_id) if index.affords_hint() else None
            if near and _has_port(index.by_id[near], end, port):
                fixes.append(move_end(number, end, f"{near}.{port}"))
        elif end == "to":
            target = vertex
            index.spoken_for.add(address)
        else:
            vertex.loose = True
    # A repair of one end is no repair while the other end is loose as well.
    usable = fixes if len(faults) == 1 else []
    problems.add(
        "dangling_edge",
        f"Wire {edge.source} -> {edge.target}: {' and '.join(faults)}; connect it anew or remove it.",
        vertex=target,
        port=edge.target.rpartition(".")[2] if target else None,
        edge=number,
        fixes=[*usable, remove_edge(number)],
    )


def _has_port(vertex: Vertex, end: str, port: str) -> bool:
    facts = vertex.facts
    return facts is None or port in (facts.outputs if end == "from" else facts.inputs)


def _ports_fit(wire: Wire, problems: Problems) -> bool:
    """Whether the input exists; reports each end whose port does not."""
    source, target = wire.source.facts, wire.target.facts
    if source is not None and wire.source_port not in source.outputs:
        _report_port(wire, "from", wire.source, wire.source_port, list(source.outputs), "output", problems)
    if target is not None and wire.target_port not in target.inputs:
        _report_port(wire, "to", wire.target, wire.target_port, list(target.inputs), "input", problems)
        return False
    return True


def _report_port(
    wire: Wire, end: str, vertex: Vertex, port: str, known: list[str], word: str, problems: Problems
) -> None:
    near = closest(port, known) or (known[0] if len(known) == 1 else None)
    there = f"it has {', '.join(known)}" if known else f"it has no {word}s"
    fixes = [move_end(wire.index, end, f"{vertex.id}.{near}")] if near else []
    problems.add(
        "unknown_port",
        f"Node {vertex.id!r}: there is no {word} {port!r}; {there}, connect one of them or remove the wire.",
        vertex=vertex,
        port=port,
        edge=wire.index,
        expected=", ".join(known) or None,
        received=port,
        fixes=[*fixes, remove_edge(wire.index)],
    )


def _occupy(wire: Wire, problems: Problems) -> None:
    taken = wire.target.wired.setdefault(wire.target_port, wire)
    if taken is not wire:
        problems.add(
            "duplicate_input",
            f"Node {wire.target.id!r}: input {wire.target_port!r} already gets {taken.source.id}.{taken.source_port};"
            " an input takes one wire, remove the other.",
            vertex=wire.target,
            port=wire.target_port,
            edge=wire.index,
            fixes=[remove_edge(wire.index)],
        )


def check_inputs(index: Index, problems: Problems) -> None:
    """Reports required inputs without a wire, except on nodes that are muted away."""
    for vertex in index.vertices:
        if vertex.facts is None or vertex.twin or vertex.removed:
            continue
        for port in vertex.facts.required:
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
