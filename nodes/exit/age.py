from typing import Annotated

import msgspec

from engine.node import Node
from engine.values import ExitPolicy, Exits


class Age(Node, frozen=True, tag="exit.age"):
    """Tightens the stop of an old trade with little profit, once.

    In: policy, rules this one is added to.
    Out: exit policy; R is the distance from the entry to the original stop; an earlier age rule is
    replaced.
    """

    synonyms = ("time stop", "stale trade", "tighten")

    bars: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, title="Age", description="completed bars since the entry")
    ] = 20
    min_r: Annotated[float, msgspec.Meta(ge=-100, le=1000, title="Profit below", description="R")] = 1.0
    percent: Annotated[float, msgspec.Meta(gt=0, le=100, title="Tighten by", description="percent of R")] = 30.0

    def compute(self, policy: Exits | None = None) -> Exits:
        return msgspec.structs.replace(
            policy or ExitPolicy(),
            age_bars=self.bars,
            age_min_r=self.min_r,
            age_percent=self.percent,
        )
