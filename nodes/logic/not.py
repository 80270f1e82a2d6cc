from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag
from nodes.kernels.flags import negate


class Not(Node, frozen=True, tag="logic.not"):
    """True where a flag is false.

    In: a, a flag.
    Out: flag; unknown where a is unknown.
    """

    synonyms = ("invert", "negate", "!")

    def compute(self, a: Flag) -> Flag:
        return negate(a)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="a", goal=0 if goal else 1)
