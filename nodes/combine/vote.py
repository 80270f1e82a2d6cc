from typing import Annotated, NamedTuple

import msgspec

from engine.needs import Goal, Need, Seen
from engine.node import Node
from engine.values import Direction, Number
from nodes.kernels.opinions import majority
from nodes.kernels.votes import SLACK, counted, winner


class Votes(NamedTuple):
    """What the voters say together, and how many say what."""

    out: Direction
    up: Number
    down: Number
    voters: Number


class Vote(Node, frozen=True, tag="combine.vote"):
    """The direction a share of the voters agrees on.

    In: a to h, directions; up, down and flat are votes, unknown is none.
    Out: direction, up where that share of those who vote says up and more of them than say down, down likewise, else
    flat; unknown where fewer than `minimum` vote; up, down and voters, numbers of votes, always known except where
    nobody votes.
    """

    synonyms = ("majority", "ensemble", "consensus", "multi timeframe", "trend", "ratio", "quorum")

    ratio: Annotated[
        float,
        msgspec.Meta(gt=0, le=1, title="Share", description="of those who vote, that must agree; 5 of 7 = 0.714"),
    ] = 5 / 7
    minimum: Annotated[
        int, msgspec.Meta(ge=1, le=8, title="Voters", description="inputs that must be known for a result")
    ] = 1

    def compute(
        self,
        a: Direction,
        b: Direction | None = None,
        c: Direction | None = None,
        d: Direction | None = None,
        e: Direction | None = None,
        f: Direction | None = None,
        g: Direction | None = None,
        h: Direction | None = None,
    ) -> Votes:
        count = counted([v for v in (a, b, c, d, e, f, g, h) if v is not None])
        out, numbers = winner(count, [self.ratio * SLACK * voters for voters in range(9)], self.minimum)
        return Votes(out, *numbers)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        ports = ("a", "b", "c", "d", "e", "f", "g", "h")
        return majority(seen, ports, goal, self.ratio * SLACK, share=True)
