from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits


class Proximity(Node, frozen=True, tag="exit.proximity"):
    """Pulls the stop close to the price when the target is near.

    In: policy, rules this one is added to.
    Out: exit policy; an earlier proximity rule is replaced.
    """

    synonyms = ("target proximity", "near take profit", "tighten")

    percent: Annotated[
        float,
        msgspec.Meta(gt=0, le=100, title="Near", description="way that remains to the target, percent of the price"),
    ] = 1.0
    trail: Annotated[
        float,
        msgspec.Meta(gt=0, lt=100, title="Distance", description="distance of the stop, percent of the close"),
    ] = 1.0
    continuous: Annotated[bool, msgspec.Meta(title="Continuous", description="at every bar from then on, or once")] = (
        False
    )

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            proximity_percent=self.percent,
            proximity_trail=self.trail,
            proximity_continuous=self.continuous,
        )
