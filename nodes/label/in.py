from typing import Annotated

import msgspec
import numpy as np

from engine.needs import AllOf, AnyOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag, Label
from nodes.kernels.labels import CODES, code_of, looked_up

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class In(Node, frozen=True, tag="label.in"):
    """True where a label has one of several names.

    In: label.
    Out: flag; unknown where the label is. A name the label never has is an error.
    """

    synonyms = ("one of", "any of", "regime", "structure", "category")

    names: Annotated[
        tuple[Name, ...],
        msgspec.Meta(min_length=1, max_length=128, title="Names", description="as the label spells them"),
    ] = ("trending", "volatile")

    def check(self) -> str | None:
        twice = [n for n in self.names if self.names.count(n) > 1]
        return f"{twice[0]!r} is named twice" if twice else None

    def compute(self, label: Label) -> Flag:
        wanted = np.zeros(CODES, np.int8)
        wanted[[code_of(label, name, "label.in") for name in self.names]] = 1
        return looked_up(label, wanted)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        named = tuple(Wants(port="label", goal=name, differs=not goal) for name in self.names)
        return AnyOf(named) if goal else AllOf(named)
