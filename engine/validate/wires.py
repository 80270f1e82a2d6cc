"""Phase structure, wires: joins the nodes and reports what is doubled or loose."""

from engine.issue import Fix
from engine.validate.fixes import closest, move_end, remove_edge
from engine.validate.index import Index, Vertex, Wire
from engine.validate.problems import Problems


def connect_all(index: Index, problems: Problems) -> None:
    """Joins the nodes of an index by their wires and reports every wire that cannot be as it is."""
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
