"""Where the nodes of a graph go when nobody has placed them: layers from left to right, few crossings, short wires.

    arrange(sizes, wires, placed) -> the upper left corner of each box

Boxes are known by number.  The answer depends on the arguments alone, no two boxes overlap, and boxes that were placed
stay where they are unless they lie on top of each other (then the lower one moves down).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from engine.ranks import layers_of, ranks_of

Size = tuple[float, float]  # width, height
Point = tuple[float, float]  # x, y

GAP_X = 84.0  # room for a value on the wire
GAP_Y = 26.0
_DUMMY = 8.0  # height of a wire that passes a layer
_SWEEPS = 8


def arrange(sizes: Sequence[Size], wires: Sequence[tuple[int, int]], placed: Mapping[int, Point]) -> list[Point]:
    """Upper left corners of all boxes; `wires` are pairs of boxes, `placed` the corners that are given."""
    known = [(a, b) for a, b in wires if a != b]
    if not placed:
        return _layered(sizes, known)
    points = {number: placed[number] for number in sorted(placed)}
    for number in _by_rank(len(sizes), known):
        if number not in points:
            points[number] = _beside(number, sizes, known, points)
    return _apart(sizes, points, placed)


def _by_rank(count: int, wires: Sequence[tuple[int, int]]) -> list[int]:
    ranks = ranks_of(count, wires)
    return sorted(range(count), key=lambda number: (ranks[number], number))


# --- from nothing -----------------------------------------------------------------------------------------------------


def _layered(sizes: Sequence[Size], wires: Sequence[tuple[int, int]]) -> list[Point]:
    layers, links = layers_of(ranks_of(len(sizes), wires), wires)
    heights = [size[1] for size in sizes] + [_DUMMY] * (len(links) - len(sizes))
    before: list[list[int]] = [[] for _ in links]
    for start, ends in enumerate(links):
        for end in ends:
            before[end].append(start)
    _uncross(layers, before, links)
    tops = _straighten(layers, heights, before, links)
    return _corners(layers, sizes, tops)


def _uncross(layers: list[list[int]], before: Sequence[list[int]], after: Sequence[list[int]]) -> None:
    """Order every layer by the mean place of its neighbours, to the right and back again."""
    place = [0.0] * len(before)
    for layer in layers:
        _number(layer, place)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        for layer in layers if forward else reversed(layers):
            wanted = {box: fmean(place[n] for n in neighbours[box]) for box in layer if neighbours[box]}
            layer.sort(key=lambda box: (wanted.get(box, place[box]), place[box]))
            _number(layer, place)


def _number(layer: list[int], place: list[float]) -> None:
    """Places in a layer as shares of it, so that layers of any length can be compared."""
    for number, box in enumerate(layer):
        place[box] = (number + 0.5) / len(layer)


def _straighten(
    layers: Sequence[list[int]],
    heights: Sequence[float],
    before: Sequence[list[int]],
    after: Sequence[list[int]],
) -> list[float]:
    """Top edges: every box as near to the middle of its neighbours as the order of its layer allows."""
    middle = [0.0] * len(heights)
    for layer in layers:
        stacked = -sum(heights[box] + GAP_Y for box in layer) / 2
        for box in layer:
            middle[box] = stacked + heights[box] / 2
            stacked += heights[box] + GAP_Y
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else after
        for layer in layers if forward else reversed(layers):
            wanted = [fmean(middle[n] for n in near[box]) if near[box] else middle[box] for box in layer]
            for box, value in zip(layer, _ordered(wanted, [heights[box] for box in layer]), strict=True):
                middle[box] = value
    return [m - h / 2 for m, h in zip(middle, heights, strict=True)]


def _ordered(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """The middles nearest to those wanted (least squares) at which the boxes, in their order, do not overlap."""
    shifts = [0.0]
    for upper, lower in pairwise(heights):
        shifts.append(shifts[-1] + (upper + lower) / 2 + GAP_Y)
    blocks: list[tuple[float, int]] = []  # mean of the shifted wishes and how many boxes move together
    for value, shift in zip(wanted, shifts, strict=True):
        mean, count = value - shift, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    bases = [mean for mean, count in blocks for _ in range(count)]
    return [base + shift for base, shift in zip(bases, shifts, strict=True)]


def _corners(layers: Sequence[list[int]], sizes: Sequence[Size], tops: Sequence[float]) -> list[Point]:
    points: dict[int, Point] = {}
    x = 0.0
    for layer in layers:
        boxes = [box for box in layer if box < len(sizes)]
        for box in boxes:
            points[box] = (x, tops[box])
        x += max((sizes[box][0] for box in boxes), default=0.0) + GAP_X
    top = min((y for _, y in points.values()), default=0.0)
    return [(points[n][0], float(round(points[n][1] - top))) for n in range(len(sizes))]


# --- beside what is placed --------------------------------------------------------------------------------------------


def _beside(number: int, sizes: Sequence[Size], wires: Sequence[tuple[int, int]], points: Mapping[int, Point]) -> Point:
    """Right of what feeds a box, else left of what it feeds, else below everything."""
    feeding = [a for a, b in wires if b == number and a in points]
    if feeding:
        return max(points[a][0] + sizes[a][0] for a in feeding) + GAP_X, fmean(points[a][1] for a in feeding)
    fed = [b for a, b in wires if a == number and b in points]
    if fed:
        return min(points[b][0] for b in fed) - GAP_X - sizes[number][0], fmean(points[b][1] for b in fed)
    left = min(x for x, _ in points.values())
    return left, max(y + sizes[n][1] for n, (_, y) in points.items()) + GAP_Y


def _apart(sizes: Sequence[Size], points: Mapping[int, Point], placed: Mapping[int, Point]) -> list[Point]:
    """Move down what lies on something else; what was placed goes first, from top to bottom."""
    order = sorted(points, key=lambda n: (n not in placed, points[n][1], points[n][0], n))
    settled: dict[int, Point] = {}
    for number in order:
        (x, y), (width, height) = points[number], sizes[number]
        for top, bottom in sorted(
            (top, top + sizes[n][1])
            for n, (left, top) in settled.items()
            if left < x + width and x < left + sizes[n][0]
        ):
            if top < y + height and y < bottom:
                y = bottom + GAP_Y / 2
        settled[number] = (x, y)
    return [settled[n] for n in range(len(sizes))]
