from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engine.node import Node
from engine.values import PriceZones, Zones, no_zones
from nodes.kernels.areas import FULL, INPUTS, VERSION_FIELDS, run_confluence, zones_of

Weight = Annotated[float, Meta(gt=0, le=1000, title="Weight", description="of this timeframe in the score")]


class Confluence(Node, frozen=True, tag="zone.confluence"):
    """Areas of interest that are seen on several timeframes.

    In: a to f, areas of different timeframes, brought to this one with time.align_zones.
    Out: areas that overlap, or lie no further than the gap apart, on at least `min_inputs` inputs, the touches of at
    least one of them being enough. Of areas that overlap, the one with the highest weighted score lends its bounds and
    its kind; touches, the most on one input (a visit is seen on all of them and counted once); score, the sum over the
    inputs of touches times recency times weight; born, when the last input needed saw it.
    """

    synonyms = ("multi timeframe", "top down", "area of interest", "AOI", "overlap", "cluster", "merge")

    min_inputs: Annotated[int, Meta(ge=1, le=INPUTS, title="Timeframes", description="inputs that must see it")] = 2
    min_touches: Annotated[int, Meta(ge=1, le=100, title="Touches", description="on at least one input")] = 3
    gap: Annotated[float, Meta(ge=0, le=50, title="Gap", description="percent of the price between two areas")] = 0.0
    weight_a: Weight = 6.0
    weight_b: Weight = 5.0
    weight_c: Weight = 4.0
    weight_d: Weight = 3.0
    weight_e: Weight = 2.0
    weight_f: Weight = 1.0

    def compute(
        self,
        a: PriceZones,
        b: PriceZones | None = None,
        c: PriceZones | None = None,
        d: PriceZones | None = None,
        e: PriceZones | None = None,
        f: PriceZones | None = None,
    ) -> PriceZones:
        weights = (self.weight_a, self.weight_b, self.weight_c, self.weight_d, self.weight_e, self.weight_f)
        inputs = [(z, w) for z, w in zip((a, b, c, d, e, f), weights, strict=True) if z is not None]
        pool = _pool(inputs)
        total = len(pool["since"])
        if not total:
            return no_zones(len(a))
        active, alive = np.empty((2, total), np.int64)
        lows, highs = np.empty((2, total))
        size = 2 * total + 64
        while True:
            versions = np.empty((size, VERSION_FIELDS))
            found = run_confluence(
                len(a), *pool.values(), self.min_inputs, self.min_touches, self.gap / 100,
                active, alive, lows, highs, np.empty(INPUTS), np.empty(INPUTS), np.empty(VERSION_FIELDS), versions,
            )  # fmt: skip
            if found != FULL:
                return zones_of(versions[:found], len(a))
            size *= 4


def _pool(inputs: list[tuple[Zones, float]]) -> dict[str, NDArray[Any]]:
    """The versions of all inputs in one table, ordered by the row from which on they hold."""
    columns = {
        name: np.concatenate([getattr(z, name) for z, _ in inputs])
        for name in ("since", "until", "low", "high", "kind", "touches")
    }
    columns["score"] = np.concatenate([z.score * weight for z, weight in inputs])
    columns["born"] = np.concatenate([z.born for z, _ in inputs])
    columns["source"] = np.repeat(np.arange(len(inputs)), [len(z.since) for z, _ in inputs])
    order = np.argsort(columns["since"], kind="stable")
    return {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
