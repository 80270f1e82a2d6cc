from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits


class TrailPercent(Node, frozen=True, tag="exit.trail_percent"):
    """Trails the stop at some percent from the best price since the entry.

    In: policy, rules this one is added to.
    Out: exit policy; an earlier percent trail is replaced.
    """

    synonyms = ("trailing stop", "trailing")

    percent: Annotated[float, msgspec.Meta(gt=0, lt=100, title="Distance", description="percent of the best price")] = (
        2.0
    )
    offset: Annotated[
        float,
        msgspec.Meta(ge=0, le=10_000, title="From profit", description="percent of the entry; 0 = at once"),
    ] = 0.0

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            trail_percent=self.percent,
            trail_offset_percent=self.offset,
        )
