from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from engine.errors import NodeError
from engine.needs import AllOf, Compare, Fact, Goal, Hints, Need, Seen, Wants
from engine.node import Fold
from engine.values import UNKNOWN, Candles, Direction, Flag, Label, Labels, Number
from nodes.kernels.memory import unpack
from nodes.kernels.setups import STATES, run_setups

NOTHING = float("nan")


class ConfirmState(msgspec.Struct, frozen=True):
    """The setup that waits: its side (0 = none), bars it may still wait, high and low of its bar."""

    side: float = 0.0
    left: float = 0.0
    high: float = NOTHING
    low: float = NOTHING


class ConfirmPorts(NamedTuple):
    """The confirmed side, how the setup stands, and what it is."""

    out: Direction
    state: Label
    side: Direction
    started: Flag
    high: Number
    low: Number
    bars_left: Number


class Confirm(Fold, frozen=True, tag="setup.confirm"):
    """A two-phase entry: a setup on one bar, confirmed by a later bar that closes beyond it.

    In: candles; direction, the side of a setup that is complete on this bar, 0 = none; atr (quote currency), needed
    where a setup bar may be only so many ATRs long: one that is longer has run already, and is no setup.
    Out: +1 or -1 at the bar that confirms: one of the `confirm_bars` bars after the setup, never the setup bar itself,
    that closes above the high of the setup bar (below its low for a short), before the other end of the setup bar is
    broken; state, none, setup, confirmed, expired or invalidated, the last three at the one bar at which it happens;
    side, of the setup; started, a flag at the setup bar; high, low (quote currency), of the setup bar; bars_left, in
    which it can still be confirmed. What ends at a bar is told before what starts there. A bar that does both, break
    the other end and close beyond, has invalidated the setup, for its close came last. A setup of the other side takes
    the place of one that waits. At an unknown bar all is unknown and a setup that waits is forgotten; state, side and
    started are unknown where nothing waits and the direction is; high, low and bars_left are where there is no setup.
    """

    State: ClassVar[type[msgspec.Struct]] = ConfirmState
    synonyms = ("two phase", "trigger", "setup", "confirmation", "state machine", "expiry", "invalidation")

    confirm_bars: Annotated[
        int, Meta(ge=1, le=1000, title="Bars", description="bars after the setup in which it can be confirmed")
    ] = 1
    max_range: Annotated[
        float, Meta(ge=0, le=1000, title="Longest setup bar", description="ATRs from low to high; 0 = any")
    ] = 0.0
    again: Annotated[
        Literal["renew", "ignore"],
        Meta(title="Setup again", description="one of the same side while one waits: takes its place, or is ignored"),
    ] = "renew"

    def requires(self) -> tuple[str, ...]:
        return ("atr",) if self.max_range > 0 else ()

    def step(
        self, state: ConfirmState, candles: Candles, direction: Direction, atr: Number | None = None
    ) -> tuple[ConfirmState, ConfirmPorts]:
        if self.max_range > 0:
            direction = self._short_enough(candles, direction, atr)
        memory, rows = unpack(state), len(candles)
        prices = np.stack([candles.high, candles.low, candles.close])
        said, out = np.empty((4, rows), np.int8), np.empty((3, rows))
        run_setups(
            prices, np.ascontiguousarray(direction), self.confirm_bars, int(self.again == "renew"), memory, said, out
        )
        ports = ConfirmPorts(said[0], Labels(said[1], STATES), said[2], said[3], *out)
        return ConfirmState(*memory.tolist()), ports

    def _short_enough(self, candles: Candles, direction: Direction, atr: Number | None) -> Direction:
        """The direction without setups on bars that are too long; unknown where that is."""
        if atr is None:
            raise NodeError("setup.confirm", 'setup bars are limited in ATRs: connect "atr", or set max_range to 0')
        out, rows = direction.copy(), np.flatnonzero(direction)
        spare = self.max_range * atr[rows] * (1 + 1e-9) - (candles.high[rows] - candles.low[rows])
        out[rows[spare < 0]] = 0
        out[rows[np.isnan(spare)]] = UNKNOWN
        out[direction == UNKNOWN] = UNKNOWN
        return out

    def lookback(self) -> int:
        return self.confirm_bars + 1

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        if port != "out" or goal not in (1, -1):
            return None
        state = seen.column("state")
        waited = (seen.column("side") == goal) & ~((state.where("setup") == 1) & (seen.column("started") == 1))
        held = Fact(met=waited, yes="had a setup waiting", no="had no setup waiting")
        end, way, other, back = ("high", ">", "low", ">=") if goal == 1 else ("low", "<", "high", "<=")
        return AllOf(
            (
                Hints(held, (Wants(port="direction", goal=goal),)),
                Compare(a="candles.close", relation=way, against=end),
                Compare(a=f"candles.{other}", relation=back, against=other),
            )
        )
