"""A sheet as SVG.  Looks come from `static/css/graph.css` by class names; sizes are attributes."""

from collections.abc import Mapping

from engine.document import Graph
from engine.node import Contract
from engine.validate import Report, validate
from server.drawing.legend import css_of
from server.drawing.levels import level_at
from server.drawing.markup import classes, curve, cut, element, label, number, text_of
from server.drawing.ports import Port
from server.drawing.remarks import Frame, Note
from server.drawing.shapes import HEAD, ROW, Drawn, DrawnWire, Sheet, Stub
from server.drawing.sheet import sheet_of
from server.drawing.wording import spoken, title_of

_TITLE, _TYPE, _PORT, _PARAMS = 25, 31, 14, 31  # characters that fit


def draw(
    graph: Graph,
    registry: Mapping[str, type[Contract]],
    *,
    path: str = "",
    values: bool = True,
    report: Report | None = None,
    marks: Mapping[str, str] | None = None,
) -> str:
    """The graph, or the inside of the sub-graph node at `path`, as an SVG element.

    `values` leaves a text on every wire for what it carries; `report` saves validating once more; `marks` are class
    names ("added", "removed", "changed") by flat node id or wire ("a.out -> b.in").  Raises NotFound for a path that
    is not there.
    """
    level = level_at(graph, path)
    sheet = sheet_of(level, registry, report or validate(graph, registry))
    x, y, width, height = map(number, sheet.bounds())
    marks = marks or {}
    wires = [_wire(wire, marks.get(f"{wire.source} -> {wire.target}", "")) for wire in sheet.wires]
    layers = [
        element("g", "".join(map(_frame, sheet.frames)), class_="frames"),
        element("g", "".join(wires), class_="wires"),
        element("g", "".join(_node(node, marks.get(node.id, "")) for node in sheet.nodes), class_="nodes"),
        element("g", "".join(map(_stub, sheet.stubs)), class_="stubs"),
        element("g", "".join(map(_note, sheet.notes)), class_="notes"),
        element("g", _loose(sheet), class_="loose") if sheet.loose else "",
        element("g", _values(sheet), class_="values", aria_hidden="true") if values else "",
    ]
    name = f"Graph {level.crumbs[-1].title}: {len(sheet.nodes)} nodes, {len(sheet.wires) + len(sheet.loose)} wires"
    return element(
        "svg", "".join(layers), xmlns="http://www.w3.org/2000/svg", class_="graph", viewBox=f"{x} {y} {width} {height}",
        role="group", aria_label=name, data_path=path,
    )  # fmt: skip


def _node(node: Drawn, mark: str) -> str:
    spec, right = node.spec, node.width - 12
    unknown = not node.ports.found
    state = classes(
        "node",
        "ghost" if unknown else f"c-{spec.type.partition('.')[0]}",
        {"mute": "off", "bypass": "around"}.get(spec.mode, ""),
        "faulty" if node.wrong else "warned" if node.faults else "",
        "embeds" if node.inside else "",
        mark,
    )
    badge = node.clock or {"mute": "muted", "bypass": "bypassed"}.get(spec.mode, "")
    parts = [
        element("title", text_of("\n".join([spoken(spec, node.clock, (), unknown), *node.faults]))),
        element("rect", class_="body", width=node.width, height=node.height, rx=9.0),
        element("path", class_="head", d=f"M0 9a9 9 0 0 1 9-9h{node.width - 18:g}a9 9 0 0 1 9 9v{HEAD - 13:g}H0z"),
        label(title_of(spec), _TITLE - (len(badge) + 2 if badge else 0), class_="title", x=12.0, y=17.5),
        label(spec.type if not unknown else f"unknown: {spec.type}", _TYPE, class_="type", x=12.0, y=31.0),
        _badge(badge, right),
        "".join(_port(port, 0.0, number, True) for number, port in enumerate(node.ports.inputs)),
        "".join(_port(port, node.width, number, False) for number, port in enumerate(node.ports.outputs)),
        label(node.foot, _PARAMS, class_="params", x=12.0, y=node.height - 8) if node.foot else "",
        _line_through(node) if spec.mode == "bypass" else "",
    ]
    return element(
        "g", "".join(parts), class_=state, data_node=node.id, transform=f"translate({number(node.x)} {number(node.y)})",
        tabindex="0", role="button", aria_label=spoken(spec, node.clock, node.faults, unknown),
        data_embeds="1" if node.inside else None,
    )  # fmt: skip


def _badge(text: str, right: float) -> str:
    if not text:
        return ""
    width = 6.6 * len(cut(text, 10)) + 12
    rect = element("rect", class_="badge", x=right - width + 4, y=6.0, width=width, height=16.0, rx=8.0)
    return rect + label(text, 10, class_="badge-text", x=right - width / 2 + 4, y=17.5, text_anchor="middle")


def _port(port: Port, x: float, row: int, is_input: bool) -> str:
    y = HEAD + (row + 0.5) * ROW
    kind = port.kind or "unknown"
    dot = element(
        "circle", class_=classes("port", css_of(port.kind), "free" if port.optional else ""), cx=x, cy=y, r=4.5
    )
    anchor = "start" if is_input else "end"
    name = label(port.name, _PORT, class_=classes("port-name", "" if port.known else "lost"),
                 x=x + 10 if is_input else x - 10, y=y + 3.5, text_anchor=anchor)  # fmt: skip
    more = "" if port.known else ", which is not a port of this node type"
    hint = f"{port.name}: {kind}{' (optional)' if port.optional else ''}{more}"
    return element("g", element("title", text_of(hint)) + dot + name)


def _line_through(node: Drawn) -> str:
    y = HEAD + ROW / 2
    return element("path", class_="passing", d=f"M6 {y:g}H{node.width - 6:g}")


def _wire(wire: DrawnWire, mark: str) -> str:
    told = f"{wire.source} → {wire.target}{' (broken)' if wire.broken else ''}"
    looks = classes("wire", css_of(wire.kind), "broken" if wire.broken else "", mark)
    return element(
        "path", element("title", text_of(told)), class_=looks,
        data_wire=wire.value, data_from=wire.source, data_to=wire.target, d=curve(wire.start, wire.end),
    )  # fmt: skip


def _values(sheet: Sheet) -> str:
    """A text over the beginning of what leaves each output: one place per value, whatever number of wires it has."""
    places: dict[str, DrawnWire] = {}
    for wire in sheet.wires:
        if wire.value:
            places.setdefault(wire.source, wire)
    return "".join(
        element("text", " ", class_="value", data_wire=w.value, x=w.start[0] + 8, y=w.start[1] - 5)
        for w in places.values()
    )


def _stub(stub: Stub) -> str:
    x = stub.width if not stub.output else 0.0
    parts = [
        element("title", text_of(f"{'output' if stub.output else 'input'} {stub.name}: {stub.kind}")),
        element("rect", class_="stub-body", width=stub.width, height=stub.height, rx=15.0),
        element("circle", class_=classes("port", css_of(stub.kind)), cx=x, cy=stub.height / 2, r=4.5),
        label(stub.name, 16, class_="port-name", x=stub.width / 2, y=stub.height / 2 + 4, text_anchor="middle"),
    ]
    return element("g", "".join(parts), class_="stub", transform=f"translate({number(stub.x)} {number(stub.y)})")


def _frame(frame: Frame) -> str:
    rect = element("rect", x=frame.x, y=frame.y, width=frame.width, height=frame.height, rx=12.0)
    return element(
        "g", rect + label(frame.title, 60, class_="frame-title", x=frame.x + 14, y=frame.y + 20), class_="frame"
    )


def _note(note: Note) -> str:
    rect = element("rect", x=note.x, y=note.y, width=note.width, height=note.height, rx=4.0)
    lines = [label(line, 200, x=note.x + 10, y=note.y + 20 + 16.0 * row) for row, line in enumerate(note.lines)]
    return element("g", rect + "".join(lines), class_="note")


def _loose(sheet: Sheet) -> str:
    x, y, _, height = sheet.bounds()
    bottom = y + height - 18 * len(sheet.loose)
    return "".join(
        label(f"broken wire {text}", 80, class_="lost", x=x + 60, y=bottom + 18.0 * row)
        for row, text in enumerate(sheet.loose)
    )
