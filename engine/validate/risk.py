"""Phase risk: what would put money at risk although every wire fits."""

from engine.issue import Fix
from engine.node import Decision
from engine.validate.activity import RISK
from engine.validate.facts import Facts
from engine.validate.fixes import facts_named, set_mode
from engine.validate.flow import Flow
from engine.validate.index import Index, Vertex
from engine.validate.insertion import inputs_for, insert, output_for
from engine.validate.problems import Problems
from engine.validate.warmup import is_data, market_of

STOPS = ("stop.atr", "stop.percent")
SPREAD_EXITS = ("spread.position",)  # what closes both legs of a pair at the stop of the spread
BY_RISK = "size.risk"


def check_risk(index: Index, flow: Flow, mode: str, problems: Problems) -> None:
    """Reports nodes the mode lacks, orders that get in each other's way and orders without a stop."""
    for vertex in flow.vertices:
        facts = vertex.facts
        if facts is not None and mode not in facts.modes:
            problems.add(
                "mode_not_supported",
                f"Node {vertex.id!r}: {facts.tag} does not run in mode {mode}; it runs in {', '.join(facts.modes)},"
                " remove it or choose another mode.",
                vertex=vertex,
                expected=", ".join(facts.modes),
                received=mode,
            )
    writers: dict[object, Vertex] = {}
    for vertex in flow.decisions:
        facts = vertex.facts
        if facts is None or not facts.tag.startswith("order."):
            continue
        _check_writer(vertex, writers, problems)
        if _legs(vertex):
            _check_pair(flow, vertex, facts, problems)
        else:
            _check_stop(index, flow, vertex, facts, problems)


def check_outputs(index: Index, flow: Flow, problems: Problems) -> None:
    """Reports a graph that decides nothing, and nodes no decision needs."""
    if not index.vertices:
        return
    if not any(v.facts is not None and v.facts.decision and v.spec.mode == "on" for v in index.vertices):
        problems.add(
            "no_order_output", "The graph places no order; add an order.place node and connect a signal to it."
        )
        return
    for vertex in index.vertices:
        if vertex.index in flow.needed or vertex.removed or vertex.twin:
            continue
        mutable = vertex.spec.mode == "on" and not vertex.spec.type.startswith(RISK)
        problems.add(
            "unreachable_node",
            f"Node {vertex.id!r}: no order depends on it; connect it, mute it or remove it.",
            vertex=vertex,
            fixes=[set_mode(vertex, "mute", "mute it")] if mutable else [],
        )


def _legs(vertex: Vertex) -> tuple[str, ...]:
    """Other symbols an order node trades; none where its params are faulty, which is reported elsewhere."""
    return vertex.node.legs() if isinstance(vertex.node, Decision) else ()


def _check_writer(vertex: Vertex, writers: dict[object, Vertex], problems: Problems) -> None:
    own = vertex.spec.params.get("symbol", "")
    for symbol in (own if isinstance(own, str) else "", *_legs(vertex)):
        first = writers.setdefault(symbol, vertex)
        if first is not vertex:
            problems.add(
                "several_order_writers",
                f"Node {vertex.id!r}: {first.id!r} already places orders for {symbol or 'the same symbol'};"
                " join the signals and keep one order node.",
                vertex=vertex,
                fixes=[set_mode(vertex, "mute", "mute it")],
            )
            return


def _check_pair(flow: Flow, order: Vertex, facts: Facts, problems: Problems) -> None:
    """An order for a pair is limited by the exit of the spread alone: no single leg has a stop of its own."""
    read = {market_of(v)[0] for v in flow.vertices if is_data(v)}
    for symbol in _legs(order):
        if symbol not in read:
            problems.add(
                "data_missing",
                f"Node {order.id!r}: it sends orders for {symbol}, but no candle node reads {symbol};"
                " name the market in the candle node the pair's prices come from.",
                vertex=order,
                expected=symbol,
                received=", ".join(sorted(read - {""})) or "the run's own symbol only",
            )
    for port in facts.inputs:
        wire = flow.feeds[order.index].get(port)
        if port == "exit" and wire is not None and not _passes(flow, wire.source, SPREAD_EXITS):
            problems.add(
                "missing_stop",
                f"Node {order.id!r}: its legs have no stops and what closes them does not watch the spread;"
                " connect the exit of a spread.position node.",
                vertex=order,
                port=port,
                severity="error",
            )


def _check_stop(index: Index, flow: Flow, order: Vertex, facts: Facts, problems: Problems) -> None:
    """An order whose signal passes no stop: with sizing by risk its quantity is undefined."""
    port = next((n for n, p in facts.inputs.items() if p.kind == "signal"), None)
    wire = flow.feeds[order.index].get(port) if port and order.index in flow.feeds else None
    if port is None or wire is None or wire.kind != "signal" or _has_stop(flow, wire.source, set()):
        return
    sizes = [w.source for p, w in flow.feeds[order.index].items() if facts.inputs[p].kind == "size"]
    by_risk = any(_passes(flow, source, (BY_RISK,)) for source in sizes)
    why = (
        "the size is a share of equity at risk, which has no meaning without one; add a stop node"
        if by_risk
        else "nothing limits the loss of a trade; add a stop node"
    )
    fix = _insert_stop(index, order, port) if index.affords_hint() else None
    problems.add(
        "missing_stop",
        f"Node {order.id!r}: the signal has no stop and {why} (stop.*).",
        vertex=order,
        port=port,
        severity="error" if by_risk else "warning",
        fixes=[fix] if fix else [],
    )


def _has_stop(flow: Flow, vertex: Vertex, seen: set[int]) -> bool:
    """Whether every signal that may get to a node's output passes a stop; ghosts may be one."""
    if vertex.index in seen or vertex.facts is None or vertex.spec.type.startswith("stop."):
        return True
    seen.add(vertex.index)
    wired = {p: w for p, w in flow.feeds.get(vertex.index, {}).items() if w.kind == "signal"}
    taken = vertex.node.levels_from() if vertex.node is not None else None
    sources = [w.source for p, w in wired.items() if taken is None or p in taken]
    return bool(sources) and all(_has_stop(flow, source, seen) for source in sources)


def _passes(flow: Flow, start: Vertex, tags: tuple[str, ...]) -> bool:
    """Whether a running node whose type begins with one of the tags stands at or before a node; ghosts may be one."""
    seen = {start.index}
    queue = [start]
    for vertex in queue:
        if vertex.spec.type.startswith(tags) or (vertex.facts is None and tags in (("stop.",), SPREAD_EXITS)):
            return True
        for wire in flow.feeds.get(vertex.index, {}).values():
            if wire.source.index not in seen:
                seen.add(wire.source.index)
                queue.append(wire.source)
    return False


def _insert_stop(index: Index, order: Vertex, port: str) -> Fix | None:
    """A stop right behind the node that makes the signal, so that targets and gates on the way know it."""
    wire = order.wired.get(port)
    for _ in index.vertices:
        before = next((w for w in wire.source.wired.values() if w.kind == "signal"), None) if wire else None
        if before is None:
            break
        wire = before
    for facts in facts_named(index.registry, *STOPS) if wire else ():
        entry, exit_port = inputs_for(facts, "signal"), output_for(facts, "signal")
        if wire and entry and exit_port:
            fix = insert(index, wire, facts, entry, exit_port, label=f"insert a stop ({facts.tag})")
            if fix:
                return fix
    return None
