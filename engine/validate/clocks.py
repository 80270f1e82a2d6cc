"""Phase time: which timeframe every wire is on, and where two meet that must not."""

from engine.issue import Fix
from engine.timeframe import DURATIONS
from engine.validate.facts import Facts, carries_time, named_timeframe
from engine.validate.fixes import facts_named
from engine.validate.flow import Flow
from engine.validate.index import Index, Vertex, Wire
from engine.validate.insertion import insert, output_for
from engine.validate.problems import Problems
from engine.validate.types import ANY

RUN = ""  # the timeframe of the run, where that is not known
Feeds = dict[str, Wire]


def check_clocks(index: Index, flow: Flow, run: str, problems: Problems) -> None:
    """Puts every node and output on its timeframe and reports inputs that disagree.

    What comes from a faulty node has no known timeframe and agrees with everything.  Loops are walked twice, because
    the delay that closes one learns its timeframe at the end of the first walk.
    """
    for _ in range(2 if flow.late else 1):
        for vertex in flow.vertices:
            if vertex.facts is not None:
                _propagate(vertex, vertex.facts, flow.feeds[vertex.index], run)
    for vertex in flow.vertices:
        facts = vertex.facts
        if facts is not None and len(facts.inputs) > 1:
            for name, ports in facts.groups:
                if len(ports) > 1:
                    _compare(index, flow, vertex, name, ports, problems)


def _propagate(vertex: Vertex, facts: Facts, feeds: Feeds, run: str) -> None:
    local = {name: _finest(_clocks(ports, feeds)) for name, ports in facts.groups}
    own = local.get("")
    if own is None and facts.free and not any(p in vertex.wired for n, ports in facts.groups if n == "" for p in ports):
        own = run
    params = vertex.spec.params
    clocks: dict[str, str | None] = {}
    for name, port in facts.outputs.items():
        clock = port.clock
        if clock.startswith("="):
            clocks[name] = named_timeframe(params, clock[1:], run)
        elif clock:
            clocks[name] = local.get(clock)
        elif local.get("") is None and not carries_time(port.kind):
            clocks[name] = None
        else:
            clocks[name] = own
    vertex.port_clocks = clocks
    vertex.clock = own
    if clocks and not facts.inputs:
        vertex.clock = next(iter(clocks.values()))
    elif clocks and local.get("") is None and not any(clocks.values()) and run not in clocks.values():
        vertex.clock = None


def _clocks(ports: tuple[str, ...], feeds: Feeds) -> list[str]:
    found: list[str] = []
    for port in ports:
        wire = feeds.get(port)
        if wire is not None:
            clock = wire.source.port_clocks.get(wire.source_port)
            if clock is not None and clock not in found:
                found.append(clock)
    return found


def _finest(clocks: list[str]) -> str | None:
    """The shortest of some timeframes; the run's unknown one counts as the shortest."""
    if len(clocks) < 2:
        return clocks[0] if clocks else None
    return min(clocks, key=lambda c: DURATIONS.get(c, 0))


def _compare(index: Index, flow: Flow, vertex: Vertex, name: str, ports: tuple[str, ...], problems: Problems) -> None:
    feeds = flow.feeds[vertex.index]
    clocks = _clocks(ports, feeds)
    if len(clocks) < 2:
        return
    wanted = _finest(clocks) or RUN
    for port in ports:
        wire = feeds.get(port)
        clock = wire.source.port_clocks.get(wire.source_port) if wire else None
        if wire is None or clock is None or clock == wanted:
            continue
        kind = vertex.facts.inputs[port].kind if vertex.facts else ""
        kind = wire.kind or kind if kind == ANY else kind
        fix = _align(index, vertex, port, kind, wanted) if not name and index.affords_hint() else None
        problems.add(
            "time_mismatch",
            f"Node {vertex.id!r}: input {port!r} gets {_named(clock)} from {wire.source.id}.{wire.source_port} but its"
            f" other inputs are on {_named(wanted)}; align it first (time.align, closed bars only).",
            vertex=vertex,
            port=port,
            edge=vertex.wired[port].index,
            expected=f"{kind}@{wanted or 'run'}",
            received=f"{kind}@{clock or 'run'}",
            fixes=[fix] if fix else [],
        )


def _named(clock: str) -> str:
    return clock or "the timeframe of the run"


def _align(index: Index, vertex: Vertex, port: str, kind: str, wanted: str) -> Fix | None:
    """An align node in the wire, on the clock that is wanted."""
    wire = vertex.wired[port]
    if wire.kind != kind:
        return None
    for facts in facts_named(index.registry, "time.align", f"time.align_{kind}"):
        entry = next((n for n in facts.required if facts.inputs[n].kind == kind and facts.inputs[n].clock), None)
        exit_port = output_for(facts, kind)
        if entry and exit_port:
            clock = facts.outputs[exit_port].clock
            params = {clock[1:]: wanted} if clock.startswith("=") else {}
            label = f"insert Align to {_named(wanted)} (closed bars)"
            fix = insert(index, wire, facts, entry, exit_port, label=label, params=params)
            if fix:
                return fix
    return None
