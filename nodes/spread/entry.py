from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from engine.needs import AllOf, Compare, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, Direction, Flag, Number
from nodes.kernels.rolling import window_max


class EntryPorts(NamedTuple):
    """What to do with the spread and with each leg, and how good the case is."""

    spread: Direction
    x: Direction
    y: Direction
    confidence: Number
    quality: Number


class Entry(Node, frozen=True, tag="spread.entry"):
    """Trades the spread of a pair back to its mean: buys it far below, sells it far above.

    In: z of the spread; beta, the hedge ratio; half_life in bars; p, the p value of the cointegration test;
    cointegrated, a flag without which nothing is entered.
    Out: spread, +1 at z <= -z_entry (buy y), -1 at z >= z_entry (sell y), 0 where a gate is shut; y, the side of
    the pair market, which is that of the spread; x, the side of the main market, opposite for beta > 0 and the same
    for beta < 0; confidence, 0 to 1: 0.4 (1 - p) + 0.3 |z| / largest recent |z| + 0.3 min(1, target / half-life);
    quality, 0 to 1: the mean of its last two terms. A trade that needs something unknown is unknown.
    Source: DOMAIN 4.3, the term of the coefficient of variation replaced by the half-life.
    """

    synonyms = ("pairs trading", "statistical arbitrage", "mean reversion", "spread signal")

    z_entry: Annotated[float, msgspec.Meta(gt=0, le=20, title="z at the entry", description="standard deviations")] = (
        2.0
    )
    max_half_life: Annotated[float, msgspec.Meta(ge=0, title="Longest half-life", description="bars; 0 = no limit")] = (
        100.0
    )
    target_half_life: Annotated[
        float, msgspec.Meta(gt=0, title="Target half-life", description="bars; up to this it counts in full")
    ] = 15.0
    recent: Annotated[
        int,
        msgspec.Meta(ge=1, le=10_000, title="Recent bars", description="bars of the largest |z|"),
    ] = 120

    def compute(
        self, z: Number, beta: Number, half_life: Number, p: Number, cointegrated: Flag | None = None
    ) -> EntryPorts:
        far = np.abs(z)
        spread = ((z <= -self.z_entry) * 1 - (z >= self.z_entry) * 1).astype(np.int8)
        spread[beta == 0] = 0
        if self.max_half_life:
            spread[half_life > self.max_half_life] = 0
        if cointegrated is not None:
            spread[cointegrated == 0] = 0
            spread[(spread != 0) & (cointegrated < 0)] = UNKNOWN
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = np.minimum(1.0, self.target_half_life / half_life)
            reach = np.minimum(1.0, far / np.maximum(window_max(far, self.recent), self.z_entry))
        confidence = 0.4 * (1.0 - p) + 0.3 * reach + 0.3 * speed
        spread[(spread != 0) & np.isnan(confidence + beta)] = UNKNOWN
        spread[np.isnan(z)] = UNKNOWN
        return EntryPorts(spread, legs(spread, beta), spread.copy(), confidence, (reach + speed) / 2)

    def lookback(self) -> int:
        return self.recent

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port == "x" or goal not in (1, -1):
            return None
        relation = "<=" if goal == 1 else ">="
        parts: list[Need] = [Compare(a="z", relation=relation, level=-int(goal) * self.z_entry)]
        if self.max_half_life:
            slow = seen.column("half_life") > self.max_half_life  # one that is not known shuts nothing
            no = f"finds a half-life longer than {self.max_half_life:g} bars"
            parts.append(Fact(met=~slow, yes=f"finds a half-life of at most {self.max_half_life:g} bars", no=no))
        if "cointegrated" in seen:
            parts.append(Wants(port="cointegrated", goal=1))
        parts.append(Fact(met=seen.column("beta") != 0, yes="has a hedge ratio", no="has no hedge ratio"))
        return AllOf(tuple(parts))


def legs(spread: ByteColumn, beta: Number) -> ByteColumn:
    """The side of the main market: against the pair for a positive beta, with it for a negative one."""
    out = np.where(beta > 0, -spread, spread)
    return np.where(np.abs(spread) == 1, out, spread).astype(np.int8)
