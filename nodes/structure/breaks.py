from typing import ClassVar, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.needs import AllOf, Compare, Fact, Goal, Need, Seen
from engine.node import Fold
from engine.values import Candles, Direction, Flag, Number
from nodes.kernels.memory import unpack
from nodes.kernels.prices import solid
from nodes.kernels.structure import run_breaks


class BreaksState(msgspec.Struct, frozen=True):
    """Direction of the structure (0 = no break yet), and whether the last swing high and low are still unbroken."""

    direction: float = 0.0
    high_whole: float = 0.0
    low_whole: float = 0.0


class BreakPorts(NamedTuple):
    """Breaks with the structure and against it, and the direction they leave."""

    bos_up: Flag
    bos_down: Flag
    choch_up: Flag
    choch_down: Flag
    direction: Direction


class Breaks(Fold, frozen=True, tag="structure.breaks"):
    """Break of structure and change of character: the first close beyond the last swing.

    In: candles; high and low, the last swings (quote currency), new_high and new_low, flags of structure.swings.
    Out: bos_up and bos_down, true where a close breaks the swing in the direction of the structure or breaks the first
    swing of all; choch_up and choch_down, where it breaks the swing against that direction; direction, that of the last
    break. A wick beyond a swing breaks nothing, and a swing is broken once. Unknown until there is a swing on both
    sides and where an input is; direction is unknown before the first break.
    """

    State: ClassVar[type[msgspec.Struct]] = BreaksState
    synonyms = ("BOS", "CHoCH", "break of structure", "change of character", "market structure shift", "MSB")

    def step(
        self, state: BreaksState, candles: Candles, high: Number, low: Number, new_high: Flag, new_low: Flag
    ) -> tuple[BreaksState, BreakPorts]:
        memory, out = unpack(state), np.zeros((5, len(candles)), np.int8)
        flags = [np.ascontiguousarray(x) for x in (new_high, new_low)]
        run_breaks(memory, candles.close, solid(high), solid(low), *flags, *out)
        return BreaksState(*memory.tolist()), BreakPorts(*out)

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        """Of a break; the direction is what the last one left."""
        if port == "direction" or goal != 1:
            return None
        way = port.removeprefix("bos_").removeprefix("choch_")
        swing, relation, other = ("high", ">", "down") if way == "up" else ("low", "<", "up")
        breaks = {w: (seen.column(f"bos_{w}") == 1) | (seen.column(f"choch_{w}") == 1) for w in ("up", "down")}
        last = {w: _last_before(flag) for w, flag in breaks.items()}
        new = np.maximum.accumulate(np.where(seen.column(f"new_{swing}") == 1, np.arange(len(last[way])), -1))
        against, turns = last[other] > last[way], port.startswith("choch")
        whole = (new > last[way]) & ~breaks[other]
        no = f"finds a structure that goes {way}" if turns else f"finds a structure that goes {other}"
        return AllOf((
            Compare(a="candles.close", relation=relation, against=swing),
            Fact(met=whole, yes=f"has a {swing} that is not broken yet", no=f"has no {swing} left to break"),
            Fact(met=against == turns, yes="finds the structure as it needs it", no=no),
        ))  # fmt: skip


def _last_before(flag: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each row the last one before it at which a flag was true, -1 = none."""
    rows = np.maximum.accumulate(np.where(flag, np.arange(len(flag)), -1))
    return np.concatenate(([-1], rows[:-1]))
