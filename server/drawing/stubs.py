"""The ports of an embedded graph as they are seen from inside: its inputs at the left, its outputs at the right."""

from collections.abc import Mapping

from engine.arrange import Point
from server.drawing.levels import Level
from server.drawing.shapes import Drawn, DrawnWire, Stub

_WIDTH, _HEIGHT, _GAP = 128.0, 30.0, 84.0


def stubs_of(level: Level, nodes: Mapping[str, Drawn]) -> tuple[tuple[Stub, ...], list[DrawnWire]]:
    """The stubs of a level and their wires; the outermost graph has none."""
    face = level.graph.interface
    if face is None or not level.path or not nodes:
        return (), []
    left = min(node.x for node in nodes.values()) - _GAP - _WIDTH
    right = max(node.x + node.width for node in nodes.values()) + _GAP
    stubs: list[Stub] = []
    wires: list[DrawnWire] = []
    for port in face.inputs:
        ends = [(to, found) for to in port.to if (found := _place(nodes, to, "input_at"))]
        stub = _add(stubs, port.name, port.kind, False, left, ends[0][1][1] if ends else 0.0)
        start = (stub.x + _WIDTH, stub.y + _HEIGHT / 2)
        value = level.feeds.get(port.name, "")
        wires += [
            _wire(f"{level.path}.{port.name}", level.prefix + to, value, port.kind, start, end) for to, end in ends
        ]
    for port in face.outputs:
        place = _place(nodes, port.source, "output_at")
        stub = _add(stubs, port.name, port.kind, True, right, place[1] if place else 0.0)
        if place:
            end, value = (stub.x, stub.y + _HEIGHT / 2), level.value_of(port.source)
            wires.append(_wire(level.prefix + port.source, f"{level.path}.{port.name}", value, port.kind, place, end))
    return tuple(stubs), wires


def _place(nodes: Mapping[str, Drawn], address: str, side: str) -> Point | None:
    name, _, port = address.rpartition(".")
    node = nodes.get(name)
    if node is None:
        return None
    return node.input_at(port) if side == "input_at" else node.output_at(port)


def _add(stubs: list[Stub], name: str, kind: str, output: bool, x: float, y: float) -> Stub:
    """Add a stub at the height of what it is wired to, or below the one that stands there."""
    taken = [stub.y for stub in stubs if stub.output is output]
    top = max([y - _HEIGHT / 2, *(other + _HEIGHT + 10 for other in taken)])
    stub = Stub(name, kind, output, x, top, _WIDTH, _HEIGHT)
    stubs.append(stub)
    return stub


def _wire(source: str, target: str, value: str, kind: str, start: Point, end: Point) -> DrawnWire:
    return DrawnWire(source=source, target=target, value=value, kind=kind, start=start, end=end, broken=False)
