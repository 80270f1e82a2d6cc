from engine.needs import AllOf, AnyOf, Goal, Need, Seen, all_wired
from engine.node import Node
from engine.values import Flag
from nodes.kernels.flags import either


class Or(Node, frozen=True, tag="logic.or"):
    """True where at least one connected flag is true.

    In: a, b and, if connected, c and d, flags.
    Out: flag; true where one is true, else unknown where one is unknown.
    Source: Kleene's strong three-valued logic.
    """

    synonyms = ("any", "|")

    def compute(self, a: Flag, b: Flag, c: Flag | None = None, d: Flag | None = None) -> Flag:
        out = either(a, b)
        for more in (c, d):
            out = out if more is None else either(out, more)
        return out

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        parts = all_wired(seen, ("a", "b", "c", "d"), goal)
        return AnyOf(parts) if goal else AllOf(parts)
