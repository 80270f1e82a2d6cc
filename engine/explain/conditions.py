"""Conditions as plain data with their sentences, nearest first."""

from collections.abc import Iterator

import msgspec

from engine.explain.names import Names
from engine.explain.unknown import Unknowns, is_known
from engine.explain.verdict import FAR, Leaf, Search
from engine.explain.wording import code_word, needs_words, pair
from engine.values import UNKNOWN


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition at one bar.

    `met` is None where it is not yet known.  `value` is what the number is, `needed` what it has to reach (None: the
    condition is no number), `percent` the way there in percent of `value`, `moves` the same in the usual moves of one
    bar of `timeframe`, and `distance` in the usual moves of one bar of the run, by which conditions are ordered.
    """

    node: str
    title: str
    group: str
    timeframe: str
    sentence: str
    met: bool | None
    value: float | None = None
    needed: float | None = None
    percent: float | None = None
    moves: float | None = None
    distance: float | None = None


class Teller:
    """Makes conditions of leaves."""

    def __init__(self, names: Names, unknowns: Unknowns, timeframe: str) -> None:
        self.names, self.unknowns, self.timeframe = names, unknowns, timeframe

    def told(self, search: Search, at: int, most: int = 1000) -> tuple[Condition, ...]:
        """The conditions of one row, nearest first; what has no distance after what has one, unknown ones last."""
        out: dict[str, Condition] = {}
        for leaf in self._counting(search, at):
            if not search.failed and leaf.bare == "signal":
                continue  # that the signal came is what is explained
            condition = self.condition(leaf, at)
            out.setdefault(condition.sentence.partition(" because ")[0], condition)
            if len(out) == most:
                break
        return tuple(out.values())

    @staticmethod
    def _counting(search: Search, at: int) -> Iterator[Leaf]:
        """Leaves that count at a row: failed ones nearest first, others in the order of the tree."""
        if not search.failed:
            yield from (leaf for leaf, rows in search.told if rows[at])
            return
        for place in search.order[:, at].tolist() if search.told else ():
            leaf, rows = search.told[place]
            if not rows[at]:
                return
            yield leaf

    def condition(self, leaf: Leaf, at: int) -> Condition:
        """A leaf at one row."""
        told = Condition(
            node=leaf.node, title=self.names.node(leaf.node), group=self.names.group(leaf.node), timeframe=leaf.clock,
            sentence=self.sentence(leaf, at), met=bool(leaf.met[at]) if leaf.known[at] else None,
        )  # fmt: skip
        if told.met is None or leaf.value is None or leaf.level is None or leaf.pace is None:
            return told
        value, level, pace = float(leaf.value[at]), float(leaf.level[at]), float(leaf.pace[at])
        away, distance = level - value, float(leaf.distance[at])
        return msgspec.structs.replace(
            told, value=value, needed=level, percent=100 * away / abs(value) if value else None,
            moves=abs(away) / pace if pace > 0 else None, distance=distance if distance < FAR else None,
        )  # fmt: skip

    def sentence(self, leaf: Leaf, at: int) -> str:
        """What a leaf says at one row."""
        if not leaf.known[at]:
            return self._unknown(leaf, at)
        met = bool(leaf.met[at])
        text = leaf.yes if met else leaf.no
        if leaf.bare:
            code = int(leaf.value[at]) if leaf.value is not None else UNKNOWN
            return text.replace("{value}", code_word(leaf.bare, code, leaf.words))
        if leaf.value is None or leaf.level is None or leaf.pace is None:
            return text
        value, level = float(leaf.value[at]), float(leaf.level[at])
        shown = pair(value, level)
        text = text.replace("{value}", shown[0]).replace("{level}", shown[1])
        if met:
            return text
        clock = "" if leaf.clock == self.timeframe else f"{leaf.clock} "
        return f"{text} ({needs_words(value, level, float(leaf.pace[at]), clock, leaf.past > 0)})"

    def _unknown(self, leaf: Leaf, at: int) -> str:
        for source in leaf.sources:
            row = int(source.rows[at])
            if not is_known(self.unknowns.one.values[source.slot], row):
                return self.unknowns.sentence(source.slot, row)
        return f"{self.names.node(leaf.node)} cannot be told at this bar"
