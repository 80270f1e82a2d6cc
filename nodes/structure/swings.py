from typing import ClassVar, NamedTuple

import msgspec
import numpy as np

from engine.node import Fold
from engine.values import Direction, Flag, Number
from nodes.kernels.memory import unpack
from nodes.kernels.prices import solid
from nodes.kernels.structure import run_swings

NAN = float("nan")


class SwingsState(msgspec.Struct, frozen=True):
    """Side of the newest swing (+1 high, -1 low, 0 none yet) and the last two swings of each side (quote currency)."""

    newest: float = 0.0
    high: float = NAN
    previous_high: float = NAN
    low: float = NAN
    previous_low: float = NAN


class SwingPorts(NamedTuple):
    """The last two swing highs and lows, and what is new about them."""

    high: Number
    previous_high: Number
    low: Number
    previous_low: Number
    new_high: Flag
    new_low: Flag
    newest: Direction


class Swings(Fold, frozen=True, tag="structure.swings"):
    """Swing highs and swing lows that take turns, out of pivots.

    In: high and low, flags of confirmed pivots; high_price and low_price, their prices (quote currency).
    Out: the last swing high and low and the ones before them (quote currency); new_high and new_low, true at the bar
    at which that swing became known or gave way to a more extreme pivot of its side; newest, up while the newest swing
    is a high, down while it is a low. Of pivots of one side in a row the most extreme is the swing, from its
    confirmation on; what was said before is not changed. A bar that is pivot high and low first takes the side that is
    due. Unknown before the first swing and where an input is.
    """

    State: ClassVar[type[msgspec.Struct]] = SwingsState
    synonyms = ("zigzag", "swing high", "swing low", "market structure", "legs")

    def step(
        self, state: SwingsState, high: Flag, low: Flag, high_price: Number, low_price: Number
    ) -> tuple[SwingsState, SwingPorts]:
        rows, memory = len(high), unpack(state)
        prices = tops, tops_before, bottoms, bottoms_before = np.empty((4, rows))
        flags = new_high, new_low, newest = np.zeros((3, rows), np.int8)
        flat = [np.ascontiguousarray(x) for x in (high, low)]
        run_swings(memory, *flat, solid(high_price), solid(low_price), *prices, *flags)
        out = SwingPorts(tops, tops_before, bottoms, bottoms_before, new_high, new_low, newest)
        return SwingsState(*memory.tolist()), out
