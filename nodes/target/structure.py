from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engine.needs import After, Compare, Fact, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, FloatColumn, Label, Labels, Number, PriceZones, Signals, Zones, no_zones
from nodes.kernels.areas import FOUND, run_targets
from nodes.kernels.prices import FloatGrid, solid
from nodes.kernels.signals import CLOSE_TO, Trades, gated, trades_of, with_target

WHY = ("no_signal", "found", "nothing_ahead", "pays_too_little", "no_risk")


class TargetPorts(NamedTuple):
    """The signal with its target, what it pays, and why there is one or none."""

    out: Signals
    pays: Number
    why: Label


class Structure(Node, frozen=True, tag="target.structure"):
    """A profit target at the nearest structure ahead that pays enough; without one there is no trade.

    In: signal with a stop; zones, areas on this clock, of which the near bound counts; high, previous_high, low and
    previous_low, swings (quote currency).
    Out: the signal with its target at the nearest bound of an area or swing beyond the entry that pays at least
    `minimum` times the risk, and with direction 0 where none does; pays, what the target pays in multiples of the
    risk, or the nearest structure ahead where there is no target; why: found, nothing_ahead, pays_too_little, no_risk
    (the stop is not behind the entry), or no_signal. What is unknown among areas and swings is no structure; a trade
    without a stop becomes unknown.
    """

    synonyms = ("take profit", "tp", "resistance", "support", "area of interest", "swing", "risk reward", "next level")

    minimum: Annotated[float, Meta(gt=0, le=1000, title="Minimum", description="reward / risk")] = 2.0
    too_near: Annotated[
        Literal["skip", "refuse"],
        Meta(
            title="Too near", description="what structure that pays too little does: the next one counts, or no trade"
        ),
    ] = "skip"

    def compute(
        self,
        signal: Signals,
        zones: PriceZones | None = None,
        high: Number | None = None,
        previous_high: Number | None = None,
        low: Number | None = None,
        previous_low: Number | None = None,
    ) -> TargetPorts:
        trades = trades_of(signal)
        count = len(trades.rows)
        target, pays, why = np.empty(count), np.empty(count), np.empty(count, np.int8)
        bounds = _bounds(zones)
        run_targets(
            np.asarray(trades.rows, np.int64), np.ascontiguousarray(trades.side), solid(trades.entry),
            solid(trades.side * (trades.entry - signal.stop[trades.rows])),
            _points(trades, high, previous_high), _points(trades, low, previous_low), *bounds,
            self.minimum * (1 - CLOSE_TO), int(self.too_near == "skip"), np.empty(len(bounds[0]), np.int64),
            target, pays, why,
        )  # fmt: skip
        found = why == FOUND
        reached = Trades(trades.rows[found], trades.side[found], trades.entry[found])
        aimed = with_target(signal, reached, target[found], "target.structure")
        blocked = gated(signal, trades, found, "target.structure", unknown=why == UNKNOWN)
        out = msgspec.structs.replace(aimed, direction=blocked.direction)
        paid = np.full(len(signal.direction), np.nan)
        paid[trades.rows] = pays
        codes = np.where(signal.direction == UNKNOWN, UNKNOWN, 0).astype(np.int8)
        codes[trades.rows] = why
        return TargetPorts(out, paid, Labels(codes, WHY))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out":
            return None
        why = seen.column("why")
        nothing, useless = (why.where(name) == 1 for name in ("nothing_ahead", "no_risk"))
        ahead = Fact(met=~nothing, yes="sees structure ahead", no="sees no structure ahead")
        risk = Fact(met=~useless, yes="has a stop behind the entry", no="has a stop that is not behind the entry")
        pays = Compare(a="pays", relation=">=", level=self.minimum * (1 - CLOSE_TO))
        behind = After(Wants(port="signal", goal=goal), risk, silent=True)
        return After(After(behind, ahead, silent=True), pays)


def _bounds(zones: Zones | None) -> list[NDArray[Any]]:
    """What the kernel reads of the areas."""
    table = no_zones(0) if zones is None else zones
    return [np.ascontiguousarray(c) for c in (table.since, table.until, table.low, table.high)]


def _points(trades: Trades, *swings: FloatColumn | None) -> FloatGrid:
    """The swings that are connected, at the trades; one row each."""
    found = [s[trades.rows] for s in swings if s is not None]
    return np.stack(found) if found else np.empty((0, len(trades.rows)))
