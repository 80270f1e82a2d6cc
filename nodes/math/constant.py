from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import Number, constant


class Constant(Node, frozen=True, tag="math.constant"):
    """The same number at every bar.

    In: like, any number of the clock that is wanted; its values do not matter.
    Out: the value, known at every bar.
    """

    synonyms = ("number", "value", "literal")

    value: Annotated[float, msgspec.Meta(title="Value", description="in the unit the reader of the output expects")] = (
        0.0
    )

    def compute(self, like: Number) -> Number:
        return constant(self.value, len(like))
