from engine.needs import AllOf, AnyOf, Goal, Need, Seen, all_wired
from engine.node import Node
from engine.values import Flag
from nodes.kernels.flags import both


class And(Node, frozen=True, tag="logic.and"):
    """True where all connected flags are true.

    In: a, b and, if connected, c and d, flags.
    Out: flag; false where one is false, else unknown where one is unknown.
    Source: Kleene's strong three-valued logic.
    """

    synonyms = ("all", "every", "&")

    def compute(self, a: Flag, b: Flag, c: Flag | None = None, d: Flag | None = None) -> Flag:
        out = both(a, b)
        for more in (c, d):
            out = out if more is None else both(out, more)
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        parts = all_wired(seen, ("a", "b", "c", "d"), goal)
        return AllOf(parts) if goal else AnyOf(parts)
