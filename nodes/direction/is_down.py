from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Direction, Flag
from nodes.kernels.flags import to_flag


class IsDown(Node, frozen=True, tag="direction.is_down"):
    """True where a direction is down.

    In: direction.
    Out: flag; unknown where the direction is.
    """

    synonyms = ("short", "bearish", "negative", "convert")

    def compute(self, direction: Direction) -> Flag:
        return to_flag(direction == -1, direction)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="direction", goal=-1, differs=not goal)
