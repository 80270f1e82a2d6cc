"""Repairs that put a new node into a wire and feed its other inputs."""

from typing import Any

from engine.issue import Fix
from engine.validate.facts import Facts, presets_of
from engine.validate.fixes import facts_named, fresh_id, put
from engine.validate.index import Index, Vertex, Wire
from engine.validate.problems import pointer

CONVERTERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("number", "flag"): ("compare.above_level", "compare.rising"),
    ("direction", "flag"): ("direction.is_up",),
    ("flag", "signal"): ("signal.flags",),
    ("direction", "signal"): ("signal.direction",),
    ("direction", "number"): ("direction.to_number",),
    ("flag", "direction"): ("direction.from_flags",),
    ("signal", "direction"): ("signal.parts",),
}


def inputs_for(facts: Facts, kind: str | None, clock: str = "") -> str | None:
    """The first required input of a kind on a clock of the node."""
    ports = facts.inputs
    return next((n for n in facts.required if ports[n].kind == kind and ports[n].clock == clock), None)


def output_for(facts: Facts, kind: str | None) -> str | None:
    """The first output of a kind."""
    return next((name for name, port in facts.outputs.items() if port.kind == kind), None)


def insert(
    index: Index,
    wire: Wire,
    facts: Facts,
    entry: str,
    exit_port: str,
    *,
    label: str,
    params: dict[str, Any] | None = None,
) -> Fix | None:
    """Puts a node of a type into a wire; None if its presets or its other inputs are not at hand.

    The other required inputs are fed from nodes on the clock of the target that cannot depend on it.
    """
    presets = presets_of(facts)
    if presets is None:
        return None
    new = fresh_id(index, facts.tag.rpartition(".")[2])
    feeds: list[dict[str, str]] = []
    for port in facts.required:
        if port != entry:
            feed = _feed(index, wire.target, facts.inputs[port].kind, port)
            if feed is None:
                return None
            feeds.append({"from": feed, "to": f"{new}.{port}"})
    values = presets | (params or {})
    node = {"id": new, "type": facts.tag, "version": facts.cls.version, "params": values}
    end = index.graph.edges[wire.index].target
    patch = [
        put("/nodes/-", node, "add"),
        put(pointer("edges", wire.index, "to"), f"{new}.{entry}"),
        put("/edges/-", {"from": f"{new}.{exit_port}", "to": end}, "add"),
        *(put("/edges/-", feed, "add") for feed in feeds),
    ]
    return Fix(f"insert_{facts.tag.replace('.', '_')}", label, tuple(patch))


def _feed(index: Index, target: Vertex, kind: str, name: str) -> str | None:
    """An output of a kind on the clock of a node, best one with the same name, from a node without inputs."""
    for vertex in index.vertices:
        if vertex.into or vertex.facts is None or vertex.twin or not vertex.runs:
            continue
        outputs = vertex.facts.outputs
        names = [n for n, p in outputs.items() if p.kind == kind and vertex.port_clocks.get(n) == target.clock]
        if name in names or (names and kind != "number"):
            return f"{vertex.id}.{name if name in names else names[0]}"
    return None


def converter(index: Index, wire: Wire, wanted: str) -> Fix | None:
    """Makes a wire fit a port of another kind: another output of its source, else a node in between."""
    source, kind = wire.source.facts, wire.kind
    if source is None or kind is None:
        return None
    other = (
        "close" if "close" in source.outputs and source.outputs["close"].kind == wanted else output_for(source, wanted)
    )
    if other:
        address = f"{wire.source.id}.{other}"
        return Fix("rewire", f"use {address}", (put(pointer("edges", wire.index, "from"), address),))
    for facts in facts_named(index.registry, *CONVERTERS.get((kind, wanted), ())):
        entry, exit_port = inputs_for(facts, kind), output_for(facts, wanted)
        if entry and exit_port:
            what = "comparison" if kind == "number" else "converter"
            fix = insert(index, wire, facts, entry, exit_port, label=f"insert {what} ({facts.tag})")
            if fix:
                return fix
    return None
