"""Lays out a document on a plane: boxes with ports, wires between them, frames and notes.  Knows no SVG."""

from collections.abc import Iterable, Mapping

from engine.arrange import Point
from engine.document import Edge, Graph, NodeSpec
from engine.node import Contract
from engine.reading_order import reading_order
from engine.validate.report import Report
from server.drawing.levels import Level, definition_of
from server.drawing.places import places_of
from server.drawing.ports import Ports, ports_of
from server.drawing.remarks import frames_of, notes_of
from server.drawing.shapes import FLOOR, FOOT, HEAD, ROW, Drawn, DrawnWire, Sheet
from server.drawing.stubs import stubs_of
from server.drawing.wording import params_of

WIDTH, WIDE = 196.0, 220.0  # of a node, of a sub-graph node
LOST = 46.0  # length of a wire whose other end is not there
Area = tuple[float, float, float, float]  # x, y, width, height


def sheet_of(level: Level, registry: Mapping[str, type[Contract]], report: Report) -> Sheet:
    """Lay out a level of a graph; `report` is the validator's on the whole graph."""
    graph = level.graph
    ports = ports_of(graph, registry)
    sizes = [_size(graph, node, found) for node, found in zip(graph.nodes, ports, strict=True)]
    corners = places_of(graph, sizes)
    nodes = [_drawn(level, spec, ports[n], (*corners[n], *sizes[n]), report) for n, spec in enumerate(graph.nodes)]
    first = {node.spec.id: node for node in reversed(nodes)}
    faulty = {i.path for i in report.issues if i.severity == "error" and i.path}
    wires = [
        _wire(level, edge, first, f"{level.pointer}/edges/{number}" in faulty)
        for number, edge in enumerate(graph.edges)
    ]
    stubs, more = stubs_of(level, first)
    places = {id(spec): place for place, spec in enumerate(reading_order(graph))}
    return Sheet(
        level=level,
        nodes=tuple(sorted(nodes, key=lambda node: places[id(node.spec)])),
        wires=(*(w for w in wires if w is not None), *more),
        stubs=stubs,
        frames=frames_of(graph, first),
        notes=notes_of(graph),
        loose=tuple(f"{e.source} → {e.target}" for e, w in zip(graph.edges, wires, strict=True) if w is None),
    )


def _size(graph: Graph, node: NodeSpec, ports: Ports) -> tuple[float, float]:
    rows = max(len(ports.inputs), len(ports.outputs), 1)
    wide = definition_of(graph, node) is not None
    return WIDE if wide else WIDTH, HEAD + rows * ROW + (FOOT if _foot(graph, node, ports) else FLOOR)


def _foot(graph: Graph, node: NodeSpec, ports: Ports) -> str:
    definition = definition_of(graph, node)
    inside = f"{len(definition.nodes)} nodes inside" if definition else ""
    hidden = f"+{ports.hidden} ports" if ports.hidden else ""
    return " · ".join(part for part in (inside, params_of(node), hidden) if part)


def _drawn(level: Level, node: NodeSpec, ports: Ports, area: Area, report: Report) -> Drawn:
    """A node with its place; of a sub-graph node the faults inside are told as well."""
    flat = level.prefix + node.id
    definition = definition_of(level.graph, node)
    x, y, width, height = area
    clock = report.derived.clocks.get(flat) or ""
    told = [i for i in report.issues if i.node and (i.node == flat or i.node.startswith(f"{flat}/"))]
    if definition is not None:
        clock = str(node.params.get("timeframe", ""))
    return Drawn(
        id=flat,
        spec=node,
        x=x,
        y=y,
        width=width,
        height=height,
        ports=ports,
        clock=clock,
        inside=len(definition.nodes) if definition else 0,
        foot=_foot(level.graph, node, ports),
        faults=tuple(issue.message for issue in told),
        wrong=any(issue.severity == "error" for issue in told),
    )


def _wire(level: Level, edge: Edge, nodes: Mapping[str, Drawn], faulty: bool) -> DrawnWire | None:
    """A wire; where an end is not there it is drawn as far as it is known, None if neither is."""
    giver, _, output = edge.source.rpartition(".")
    taker, _, inlet = edge.target.rpartition(".")
    start = nodes[giver].output_at(output) if giver in nodes else None
    end = nodes[taker].input_at(inlet) if taker in nodes else None
    if start is None and end is None:
        return None
    kinds = [p.kind for p in nodes[giver].ports.outputs if p.name == output] if giver in nodes else []
    kinds += (
        [p.kind for p in nodes[taker].ports.inputs if p.name == inlet and p.kind != "any"] if taker in nodes else []
    )
    return DrawnWire(
        source=level.prefix + edge.source,
        target=level.prefix + edge.target,
        value=level.value_of(edge.source),
        kind=next((kind for kind in kinds if kind), None),
        start=start or _beside(end, -LOST),
        end=end or _beside(start, LOST),
        broken=faulty or start is None or end is None,
    )


def _beside(point: Point | None, way: float) -> Point:
    x, y = point or (0.0, 0.0)
    return x + way, y


def kinds_of(sheet: Sheet) -> Iterable[str | None]:
    """Kinds of all ports that are drawn."""
    for node in sheet.nodes:
        for port in (*node.ports.inputs, *node.ports.outputs):
            yield port.kind
