"""The layers of a layout: which column a box stands in, and through which columns its wires pass."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush


def ranks_of(count: int, wires: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each box, from 0: the longest way to it.  A box without inputs stands right before what it feeds.

    Wires that close a loop are left out; the loop is opened at its first box by number.
    """
    order = _order(count, wires)
    at = {box: place for place, box in enumerate(order)}
    after: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for start, end in wires:
        if at[start] < at[end]:
            after[start].append(end)
            fed[end] = True
    ranks = [0] * count
    for box in order:
        for end in after[box]:
            ranks[end] = max(ranks[end], ranks[box] + 1)
    for box in range(count):
        if after[box] and not fed[box]:
            ranks[box] = min(ranks[end] for end in after[box]) - 1
    return ranks


def _order(count: int, wires: Sequence[tuple[int, int]]) -> list[int]:
    """Every box after those that feed it, ties by number."""
    after: list[set[int]] = [set() for _ in range(count)]
    waiting = [0] * count
    for start, end in wires:
        if end not in after[start]:
            after[start].add(end)
            waiting[end] += 1
    ready = [box for box in range(count) if not waiting[box]]
    heapify(ready)
    placed = [False] * count
    order: list[int] = []
    first = 0
    while len(order) < count:
        while not ready and placed[first]:
            first += 1
        box = heappop(ready) if ready else first
        if placed[box]:
            continue
        placed[box] = True
        order.append(box)
        for end in after[box]:
            waiting[end] -= 1
            if not waiting[end] and not placed[end]:
                heappush(ready, end)
    return order


def layers_of(ranks: Sequence[int], wires: Sequence[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Boxes by column, and what each is linked to in the next column.

    A wire over several columns passes each of them as a dummy box (numbers from `len(ranks)` on); the wires of one box
    share them.  Wires that go back or stay in a column are left out.
    """
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for box, rank in enumerate(ranks):
        layers[rank].append(box)
    links: list[list[int]] = [[] for _ in ranks]
    ends: list[set[int]] = [set() for _ in ranks]
    for start, end in wires:
        if ranks[start] < ranks[end]:
            ends[start].add(end)
    for start, targets in enumerate(ends):
        previous, column = start, ranks[start]
        for end in sorted(targets, key=lambda box: (ranks[box], box)):
            while column < ranks[end] - 1:
                column += 1
                dummy = len(links)
                links.append([])
                layers[column].append(dummy)
                links[previous].append(dummy)
                previous = dummy
            links[previous].append(end)
    return layers, links
