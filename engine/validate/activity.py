"""Mute and bypass: which nodes run, and what a wire is fed by once bypassed nodes are stepped over."""

from engine.validate.fixes import set_mode
from engine.validate.index import Index, Vertex, Wire
from engine.validate.problems import Problems

RISK = ("stop.", "gate.", "size.")


def switch_off(index: Index, problems: Problems) -> None:
    """Marks what muting removes and reports what must not be muted or cannot be bypassed."""
    for vertex in index.vertices:
        if vertex.spec.mode == "on":
            continue
        if vertex.spec.type.startswith(RISK):
            problems.add(
                "risk_node_off",
                f"Node {vertex.id!r}: it limits risk but is set to {vertex.spec.mode}; switch it on or remove it.",
                vertex=vertex,
                received=vertex.spec.mode,
                fixes=[set_mode(vertex, "on", "switch it on")],
            )
        if vertex.spec.mode == "mute":
            _mute(vertex, problems)
        elif vertex.facts is not None:
            _check_bypass(vertex, problems)


def _mute(vertex: Vertex, problems: Problems) -> None:
    """Removes a node and what needs it; a decision among those is an error."""
    vertex.removed = True
    queue = [vertex]
    for current in queue:
        for wire in current.out:
            target = wire.target
            if target.removed or not _needs(wire):
                continue
            target.removed = True
            queue.append(target)
    decisions = [v.id for v in queue[1:] if v.facts is not None and v.facts.decision and v.spec.mode == "on"]
    if decisions:
        problems.add(
            "muted_needed",
            f"Node {vertex.id!r}: it is muted but {', '.join(decisions)} cannot run without it;"
            " switch it on or mute the order as well.",
            vertex=vertex,
            fixes=[set_mode(vertex, "on", "switch it on")],
        )


def _needs(wire: Wire) -> bool:
    facts = wire.target.facts
    if facts is None:
        return True
    port = facts.inputs.get(wire.target_port)
    return port is not None and not port.optional


def _check_bypass(vertex: Vertex, problems: Problems) -> None:
    used = {wire.source_port for wire in vertex.out}
    lost = sorted(port for port in used if _way_through(vertex, port) is None)
    if lost or not vertex.out:
        what = f"nothing of the kind of {', '.join(lost)} comes in" if lost else "nothing takes what it would pass on"
        problems.add(
            "cannot_bypass",
            f"Node {vertex.id!r}: it is bypassed but {what}; switch it on.",
            vertex=vertex,
            port=lost[0] if lost else None,
            fixes=[set_mode(vertex, "on", "switch it on")],
        )


def _way_through(vertex: Vertex, output: str) -> Wire | None:
    """The wire a bypassed node passes on at an output: that of its first input of the same kind."""
    facts = vertex.facts
    port = facts.outputs.get(output) if facts else None
    if facts is None or port is None:
        return None
    for name, entry in facts.inputs.items():
        if entry.kind == port.kind and name in vertex.wired:
            return vertex.wired[name]
    return None


def feed_of(wire: Wire, limit: int) -> Wire | None:
    """The wire whose source really feeds this one; None if it is removed, or bypassed without a way through."""
    found: Wire | None = wire
    for _ in range(limit):
        if found is None or found.source.removed:
            return None
        if found.source.spec.mode != "bypass":
            return found
        found = _way_through(found.source, found.source_port)
    return None
