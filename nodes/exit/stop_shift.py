from typing import Annotated, Literal

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits


class StopShift(Node, frozen=True, tag="exit.stop_shift"):
    """Moves the stop away from the entry before the order goes out.

    In: policy, rules this one is added to.
    Out: exit policy; an earlier shift is replaced.
    """

    synonyms = ("stop adjustment", "widen stop", "sl adjustment")

    long: Annotated[float, msgspec.Meta(ge=0, lt=100, title="Longs", description="percent of `basis`; 0 = off")] = 1.5
    short: Annotated[float, msgspec.Meta(ge=0, lt=100, title="Shorts", description="percent of `basis`; 0 = off")] = 1.5
    basis: Annotated[
        Literal["risk", "price"],
        msgspec.Meta(title="Basis", description="percent of the distance from entry to stop, or of the price"),
    ] = "risk"

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            stop_shift_long=self.long,
            stop_shift_short=self.short,
            stop_shift_basis=self.basis,
        )
