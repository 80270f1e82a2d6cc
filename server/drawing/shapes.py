"""What stands on the plane: nodes, wires, stubs, and the sheet that holds them all."""

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.arrange import Point
from engine.document import NodeSpec
from server.drawing.levels import Level
from server.drawing.ports import Port, Ports
from server.drawing.remarks import Frame, Note

HEAD = 46.0  # title and type
ROW = 17.0  # a port
FOOT, FLOOR = 22.0, 8.0  # params; without them


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A node on the plane.

    `id` is its id in the flat graph, `clock` its timeframe where it is not that of the run, `inside` the number of
    nodes it embeds (0 = none), `foot` its last line, `faults` what the validator says of it,
    `wrong` whether one of them is an error.
    """

    id: str
    spec: NodeSpec
    x: float
    y: float
    width: float
    height: float
    ports: Ports
    clock: str
    inside: int
    foot: str
    faults: tuple[str, ...]
    wrong: bool

    def input_at(self, port: str) -> Point | None:
        """Where wires into a port end."""
        return self._at(self.ports.inputs, port, self.x)

    def output_at(self, port: str) -> Point | None:
        """Where wires from a port begin."""
        return self._at(self.ports.outputs, port, self.x + self.width)

    def _at(self, ports: Sequence[Port], name: str, x: float) -> Point | None:
        row = next((number for number, port in enumerate(ports) if port.name == name), None)
        return None if row is None else (x, self.y + HEAD + (row + 0.5) * ROW)


class Stub(msgspec.Struct, frozen=True):
    """A port of the interface, as it is seen from inside an embedded graph."""

    name: str
    kind: str
    output: bool
    x: float
    y: float
    width: float
    height: float


class DrawnWire(msgspec.Struct, frozen=True, kw_only=True):
    """A wire on the plane: `source` and `target` as in the document but with flat ids, `value` the flat output."""

    source: str
    target: str
    value: str
    kind: str | None
    start: Point
    end: Point
    broken: bool


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one document that is drawn; nodes in topological order, `loose` wires have neither end."""

    level: Level
    nodes: tuple[Drawn, ...]
    wires: tuple[DrawnWire, ...]
    stubs: tuple[Stub, ...]
    frames: tuple[Frame, ...]
    notes: tuple[Note, ...]
    loose: tuple[str, ...]

    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width and height of what is drawn, with a margin."""
        areas: list[Any] = [*self.nodes, *self.stubs, *self.frames, *self.notes]
        if not areas:
            return 0.0, 0.0, 400.0, 200.0
        left, top = min(a.x for a in areas), min(a.y for a in areas)
        right = max(a.x + a.width for a in areas)
        bottom = max(a.y + a.height for a in areas) + 18 * len(self.loose)
        margin = 60.0
        return left - margin, top - 30, right - left + 2 * margin, bottom - top + 60
