from engine.needs import AllOf, AnyOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag
from nodes.kernels.flags import to_flag


class Xor(Node, frozen=True, tag="logic.xor"):
    """True where exactly one of two flags is true.

    In: a, b, flags.
    Out: flag; unknown where a or b is unknown.
    """

    synonyms = ("either or", "different", "^")

    def compute(self, a: Flag, b: Flag) -> Flag:
        return to_flag(a != b, a, b)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        other = 0 if goal else 1
        return AnyOf(
            (
                AllOf((Wants(port="a", goal=1), Wants(port="b", goal=other))),
                AllOf((Wants(port="a", goal=0), Wants(port="b", goal=1 - other))),
            )
        )
