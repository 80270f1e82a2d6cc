from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits


class MaxBars(Node, frozen=True, tag="exit.max_bars"):
    """Gives up an entry order or a position after some bars.

    In: policy, rules this one is added to.
    Out: exit policy; earlier limits are replaced.
    """

    synonyms = ("time exit", "expire", "max open bars", "timeout")

    pending: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=1_000_000, title="Pending", description="completed bars an entry order may wait; 0 = off"
        ),
    ] = 0
    open: Annotated[
        int,
        msgspec.Meta(ge=0, le=1_000_000, title="Open", description="completed bars a position may last; 0 = off"),
    ] = 0

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            max_bars_pending=self.pending,
            max_bars_open=self.open,
        )
