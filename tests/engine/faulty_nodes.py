"""Nodes with faults that are no look-ahead: too short a look-back, chance, failures, forgotten state."""

from itertools import count
from typing import Any, ClassVar

import msgspec
import numpy as np

from engine.node import Contract, Fold, Node
from engine.values import Flag, Number
from nodes.kernels.smoothing import ema_alpha, smooth
from tests.engine.executor import Catalogue

_CALLS = count()


class ShortMemory(Node, frozen=True, tag="fault.short_memory"):
    """An average that says it needs 3 bars and needs about 150."""

    def compute(self, a: Number) -> Number:
        out = np.empty(len(a))
        smooth(np.ascontiguousarray(a), 3, ema_alpha(12), out)
        return out

    def lookback(self) -> int:
        return 3


class Chance(Node, frozen=True, tag="fault.chance"):
    """Another value at each call."""

    def compute(self, a: Number) -> Number:
        return a + next(_CALLS)


class NeedsAll(Node, frozen=True, tag="fault.needs_all"):
    """Fails on fewer than 2,000 bars."""

    def compute(self, a: Number) -> Number:
        if len(a) < 2000:
            raise ValueError(f"only {len(a)} bars")
        return a.copy()


class ShyOfCrashes(Node, frozen=True, tag="fault.shy"):
    """Passes on what it gets, unless the price will be a hundred times higher one day."""

    def compute(self, a: Number) -> Number:
        return a * 0.0 if len(a) and np.nanmax(np.append(a, 0.0)) > 100 * a[0] else a.copy()


class Rises(msgspec.Struct, frozen=True):
    """Rises so far, but not the value before, which is forgotten between calls."""

    count: int = 0


class ForgetsTheBarBefore(Fold, frozen=True, tag="fault.forgets"):
    """Counts rises, the one over a cut of the rows left out."""

    State: ClassVar[type[msgspec.Struct]] = Rises

    def step(self, state: Rises, a: Number) -> tuple[Rises, Number]:
        rises = np.cumsum(np.concatenate([[0], (a[1:] > a[:-1]).astype(int)])) + state.count
        return Rises(int(rises[-1])), rises.astype(float)


class EveryOther(Node, frozen=True, tag="fault.every_other"):
    """True at every other row it gets, so that it depends on where the rows begin."""

    def compute(self, a: Number) -> Flag:
        out: Any = (np.arange(len(a)) % 2).astype(np.int8)
        return out


class FaultyCatalogue(Catalogue):
    """The real nodes and those above."""

    def __init__(self) -> None:
        super().__init__()
        classes = [c for c in globals().values() if isinstance(c, type) and issubclass(c, Contract)]
        self.update({str(c.__struct_config__.tag): c for c in classes if c.__module__ == __name__})


FAULTY = FaultyCatalogue()
