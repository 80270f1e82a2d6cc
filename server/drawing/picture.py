"""A graph in small, for lists: boxes and wires without text.

It stands alone as a file and takes its colours from the page where it stands in one: attributes are the fallback,
classes win.
"""

from engine.arrange import Point, Size
from engine.document import Graph
from server.drawing.levels import definition_of
from server.drawing.markup import classes, curve, element, number
from server.drawing.places import joined, places_of

_WIDTH, _ROW, _HEIGHT = 196.0, 17.0, 50.0


def picture(graph: Graph) -> str:
    """A small static SVG of the outermost document."""
    wires = joined(graph)
    feeding = [0] * len(graph.nodes)
    for _, end in wires:
        feeding[end] += 1
    sizes = [(_WIDTH, _HEIGHT + _ROW * max(min(count, 8), 1)) for count in feeding]
    corners = places_of(graph, sizes)
    boxes = "".join(_box(graph, place, corners[place], sizes[place]) for place in range(len(corners)))
    return element(
        "svg", _wires(wires, corners, sizes) + boxes, xmlns="http://www.w3.org/2000/svg", class_="picture",
        viewBox=_view(corners, sizes), role="img", aria_label=f"Picture of {graph.name or graph.id}",
    )  # fmt: skip


def _wires(wires: list[tuple[int, int]], corners: list[Point], sizes: list[Size]) -> str:
    def at(box: int, right: bool) -> Point:
        return corners[box][0] + (sizes[box][0] if right else 0.0), corners[box][1] + sizes[box][1] / 2

    data = "".join(curve(at(a, True), at(b, False)) for a, b in wires if a != b)
    if not data:
        return ""
    return element("path", class_="wires", d=data, fill="none", stroke="#8a94a6", stroke_width=4.0)


def _box(graph: Graph, place: int, corner: Point, size: Size) -> str:
    node = graph.nodes[place]
    embeds = definition_of(graph, node) is not None
    category = node.type.partition(".")[0]
    return element(
        "rect", class_=classes("box", f"c-{category}" if category.isidentifier() else "", "embeds" if embeds else "",
                               "off" if node.mode == "mute" else ""),
        x=corner[0], y=corner[1], width=size[0], height=size[1], rx=14.0, fill="#7d8fb3", stroke="#5b6b8c",
    )  # fmt: skip


def _view(corners: list[Point], sizes: list[Size]) -> str:
    if not corners:
        return "0 0 400 200"
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    right = max(x + w for (x, _), (w, _) in zip(corners, sizes, strict=True))
    bottom = max(y + h for (_, y), (_, h) in zip(corners, sizes, strict=True))
    return " ".join(map(number, (left - 30, top - 30, right - left + 60, bottom - top + 60)))
