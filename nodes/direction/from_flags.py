from engine.needs import After, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Direction, Flag
from nodes.kernels.flags import direction_of


class FromFlags(Node, frozen=True, tag="direction.from_flags"):
    """A direction from flags that say where it is up and where it is down.

    In: up, down, flags.
    Out: direction, flat where neither flag or both are true; unknown where a connected flag is.
    """

    synonyms = ("bias", "trend", "long", "short", "convert")

    def compute(self, up: Flag, down: Flag | None = None) -> Direction:
        return direction_of(up, down)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        wanted, other = ("up", "down") if goal == 1 else ("down", "up")
        if goal == 0 or wanted not in seen:
            return None
        says = Wants(port=wanted, goal=1)
        return After(says, Wants(port=other, goal=0), silent=True) if other in seen else says
