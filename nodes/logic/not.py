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
