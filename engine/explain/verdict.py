"""What was so and what was not, as a tree over the bars that are asked about."""

from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.candles import FloatColumn

Truth = NDArray[np.bool_]
Rows = NDArray[np.int64]
FAR = float("inf")  # the distance of what cannot be measured


class Source(msgspec.Struct, frozen=True):
    """A wire a condition reads: its slot, and the rows on that wire's own clock."""

    slot: int
    rows: Rows


class Leaf(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One condition at the node `node`, over all rows asked about; leaves are numbered as the tree was built.

    `met` and `known` per row.  A number has `value` and `level` (unit of the number) and `pace`, its usual move per bar
    of its own `clock`.  `yes` and `no` are sentences with {value} and {level} in them; of a bare output (`bare`) they
    are picked by its value from `words` instead.  `past` are the bars ago it looks at.
    """

    number: int
    node: str
    clock: str
    met: Truth
    known: Truth
    distance: FloatColumn
    value: FloatColumn | None = None
    level: FloatColumn | None = None
    pace: FloatColumn | None = None
    relation: str = ""
    yes: str = ""
    no: str = ""
    past: int = 0
    bare: str = ""  # kind of the output, "" = not a bare output
    words: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    def share(self) -> FloatColumn:
        """The way to the level as a share of the value; far where there is none."""
        if self.value is None or self.level is None:
            return np.full(len(self.met), FAR)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.abs((self.level - self.value) / self.value)
        return np.where(np.isnan(found), FAR, found)


class Verdict(msgspec.Struct, frozen=True, eq=False):
    """A leaf, or parts joined: `all` of them, `any` of them, the second `after` the first (`silent`: not told
    where it is so), a fact with `hints`.

    `wants` is an output of `node`: the parts are what the node said it needs, and the bare output itself, which is told
    where the two do not agree.  `distance` is 0 where met.
    """

    kind: Literal["leaf", "all", "any", "after", "silent", "hints", "wants"]
    met: Truth
    distance: FloatColumn
    parts: tuple["Verdict", ...] = ()
    leaf: Leaf | None = None
    node: str = ""


def of_leaf(leaf: Leaf) -> Verdict:
    return Verdict("leaf", leaf.met, leaf.distance, leaf=leaf)


def joined(kind: Literal["all", "any"], parts: tuple[Verdict, ...]) -> Verdict:
    """All parts have to come true, so the farthest tells the distance; of alternatives the nearest does."""
    met = np.array([p.met for p in parts])
    distance = np.array([p.distance for p in parts])
    if kind == "all":
        return Verdict(kind, np.asarray(met.all(axis=0)), distance.max(axis=0), parts)
    return Verdict(kind, np.asarray(met.any(axis=0)), distance.min(axis=0), parts)


def in_turn(first: Verdict, then: Verdict, silent: bool = False) -> Verdict:
    distance = np.where(first.met, then.distance, first.distance)
    return Verdict("silent" if silent else "after", first.met & then.met, distance, (first, then))


Masks = dict[int, tuple[Leaf, Truth]]


class Search:
    """Which leaves of a tree count at which rows: those that failed, or those that decided."""

    def __init__(self, failed: bool) -> None:
        self.failed = failed
        self.leaves: Masks = {}  # by number
        self.nodes: dict[str, Truth] = {}  # nodes on the way
        self._seen: dict[int, Truth] = {}

    @cached_property
    def told(self) -> list[tuple[Leaf, Truth]]:
        """The leaves and the rows at which they count, in the order of the tree, whatever rows were asked about."""
        return [self.leaves[number] for number in sorted(self.leaves)]

    @cached_property
    def order(self) -> Rows:
        """Per row the places in `told`, nearest first: known ones, then by distance, then by percent.

        A leaf that does not count at a row comes after all that do.
        """
        if not self.told:
            return np.zeros((0, 0), np.int64)
        away = np.array([leaf.share() for leaf, _ in self.told])
        distance = np.array([leaf.distance for leaf, _ in self.told])
        rank = np.array([np.where(rows, ~leaf.known, 2) for leaf, rows in self.told])
        return np.lexsort((away, distance, rank), axis=0)

    def visit(self, verdict: Verdict, rows: Truth) -> None:
        """Add what counts below a verdict at some of the rows."""
        rows = rows & (~verdict.met if self.failed else verdict.met)
        before = self._seen.get(id(verdict))
        if before is not None:
            rows = rows & ~before
        if not rows.any():
            return
        self._seen[id(verdict)] = rows if before is None else rows | before
        if verdict.node:
            self.nodes[verdict.node] = self.nodes.get(verdict.node, np.zeros_like(rows)) | rows
        if verdict.leaf is not None:
            known = self.leaves.get(verdict.leaf.number)
            self.leaves[verdict.leaf.number] = (verdict.leaf, rows if known is None else known[1] | rows)
            return
        getattr(self, f"_{verdict.kind}")(verdict.parts, rows)

    def _all(self, parts: tuple[Verdict, ...], rows: Truth) -> None:
        for part in parts:
            self.visit(part, rows)

    def _any(self, parts: tuple[Verdict, ...], rows: Truth) -> None:
        nearest = np.array([p.distance for p in parts]).argmin(axis=0)
        for number, part in enumerate(parts):
            self.visit(part, rows & (nearest == number) if self.failed else rows)

    def _after(self, parts: tuple[Verdict, ...], rows: Truth) -> None:
        first, then = parts
        self.visit(first, rows)
        self.visit(then, rows & first.met)

    def _silent(self, parts: tuple[Verdict, ...], rows: Truth) -> None:
        if self.failed:
            self._after(parts, rows)
        else:
            self.visit(parts[0], rows)

    _hints = _all

    def _wants(self, parts: tuple[Verdict, ...], rows: Truth) -> None:
        told, bare = parts
        agrees = ~told.met if self.failed else told.met
        self.visit(told, rows & agrees)
        self.visit(bare, rows & ~agrees)


def search(verdict: Verdict, failed: bool) -> Search:
    found = Search(failed)
    found.visit(verdict, np.ones(len(verdict.met), bool))
    return found
