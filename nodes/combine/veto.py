from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np

from engine.errors import NodeError
from engine.needs import After, AllOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, Direction, Flag, Label, Signals
from nodes.kernels.deciders import sets_label
from nodes.kernels.signals import Trades, gated, trades_of


class Vetoed(NamedTuple):
    """The signal that is left, and what stopped it."""

    out: Signals
    by: Label


class Veto(Node, frozen=True, tag="combine.veto"):
    """Stops a signal where something speaks against it.

    In: signal; no_trades, a flag against both sides; no_longs and no_shorts, flags against one; direction, which is
    against the opposite side, a flat one against neither.
    Out: signal, nothing where one of the connected inputs is against it; by, the inputs that stopped a trade. Where
    none is known to be against it and one that could be is unknown, a trade becomes unknown, or passes if told so.
    """

    synonyms = ("block", "filter", "forbid", "unless", "blackout", "news", "not")

    if_unknown: Annotated[
        Literal["unknown", "pass"],
        msgspec.Meta(title="If unknown", description="what an input that is unknown makes of a trade"),
    ] = "unknown"

    def requires_one_of(self) -> tuple[str, ...]:
        return ("no_trades", "no_longs", "no_shorts", "direction")

    def compute(
        self,
        signal: Signals,
        no_trades: Flag | None = None,
        no_longs: Flag | None = None,
        no_shorts: Flag | None = None,
        direction: Direction | None = None,
    ) -> Vetoed:
        trades = trades_of(signal)
        against = _against(trades, no_trades=no_trades, no_longs=no_longs, no_shorts=no_shorts, direction=direction)
        if not against:
            raise NodeError("combine.veto", "nothing can speak against the signal: connect a flag or a direction")
        says = np.stack(list(against.values()))
        stopped = (says == 1).any(axis=0)
        open_ = (says == UNKNOWN).any(axis=0) & ~stopped & (self.if_unknown == "unknown")
        out = gated(signal, trades, ~stopped, "combine.veto", unknown=open_)
        by = np.where(signal.direction == UNKNOWN, np.int8(UNKNOWN), np.int8(0))
        bits = (1 << np.arange(len(says), dtype=np.int8))[:, None]
        by[trades.rows] = np.where(open_, np.int8(UNKNOWN), ((says == 1) * bits).sum(axis=0))
        return Vetoed(out, sets_label(by, list(against)))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out":
            return None
        flags = ("no_trades", "no_longs" if goal == 1 else "no_shorts")
        against = [Wants(port=p, goal=0) for p in flags if p in seen]
        if "direction" in seen:
            against.append(Wants(port="direction", goal=-int(goal), differs=True))
        return (
            After(Wants(port="signal", goal=goal), AllOf(tuple(against)))
            if against
            else Wants(port="signal", goal=goal)
        )


def _against(
    trades: Trades,
    no_trades: ByteColumn | None,
    no_longs: ByteColumn | None,
    no_shorts: ByteColumn | None,
    direction: ByteColumn | None,
) -> dict[str, ByteColumn]:
    """What each connected input says against the trades: 1, 0 or UNKNOWN."""
    out: dict[str, ByteColumn] = {}
    rows, side = trades.rows, trades.side
    if no_trades is not None:
        out["no_trades"] = no_trades[rows]
    if no_longs is not None:
        out["no_longs"] = np.where(side == 1, no_longs[rows], np.int8(0))
    if no_shorts is not None:
        out["no_shorts"] = np.where(side == -1, no_shorts[rows], np.int8(0))
    if direction is not None:
        says = direction[rows]
        out["direction"] = np.where(says == UNKNOWN, says, says == -side)
    return out
