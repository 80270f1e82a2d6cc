from typing import Annotated

import msgspec

from engine.needs import Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import Flag, Label
from nodes.kernels.labels import code_of, flag_of


class Is(Node, frozen=True, tag="label.is"):
    """True where a label has a certain name.

    In: label.
    Out: flag; unknown where the label is. A name the label never has is an error.
    """

    synonyms = ("equals", "regime", "structure", "category", "=")

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, title="Name", description="as the label spells it")
    ] = "trending"

    def compute(self, label: Label) -> Flag:
        return flag_of(label, label.codes == code_of(label, self.name, "label.is"))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        return Wants(port="label", goal=self.name, differs=not goal)
