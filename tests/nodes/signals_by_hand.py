"""Builds flags, directions and signals for tests, by hand or at random."""

from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np

from engine.values import UNKNOWN, Signal

LEVELS = ("entry", "confidence", "stop", "target", "quality", "environment")
SAYS = st.sampled_from([1, -1, 0, UNKNOWN])
FLAGS = st.sampled_from([1, 0, UNKNOWN])


def flags(*values: int) -> Any:
    return np.array(values, np.int8)


def numbers(*values: float) -> Any:
    return np.array(values, float)


def frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


def signal(*direction: int, start: float = 100.0, confidence: Any = 1.0, reason: str = "test") -> Signal:
    """Entries at `start`, `start` + 1, ..., stops 10 behind and targets 20 ahead of them."""
    says: Any = np.array(direction, np.int8)
    entry: Any = start + np.arange(len(says))
    side = np.where(np.abs(says) == 1, says, np.nan)
    return Signal(
        direction=frozen(says),
        entry=frozen(entry),
        confidence=frozen(np.broadcast_to(np.asarray(confidence, float), says.shape).copy()),
        stop=frozen(entry - 10 * side),
        target=frozen(entry + 20 * side),
        quality=frozen(np.full(len(says), start / 1000)),
        environment=frozen(np.full(len(says), start / 2000)),
        reasons=(reason,),
    )


@st.composite
def several(draw: st.DrawFn, least: int = 1, most: int = 7, says: Any = SAYS) -> list[Signal]:
    """Signals of the same length, each with levels of its own."""
    count, rows = draw(st.integers(least, most)), draw(st.integers(1, 12))
    out: list[Signal] = []
    for place in range(count):
        direction = draw(st.lists(says, min_size=rows, max_size=rows))
        confidence = draw(st.lists(st.integers(0, 8).map(lambda x: x / 8), min_size=rows, max_size=rows))
        out.append(signal(*direction, start=100.0 * (place + 1), confidence=confidence, reason=f"s{place}"))
    return out


def trades(value: Signal) -> list[int]:
    """Rows at which a signal is long or short."""
    return np.flatnonzero(np.abs(value.direction.astype(int)) == 1).tolist()


def levels_at(value: Signal, row: int) -> tuple[float, ...]:
    """What a signal says of its trade beside the side and the confidence."""
    return tuple(float(getattr(value, name)[row]) for name in LEVELS if name != "confidence")


def part(value: Signal, start: int, stop: int) -> Signal:
    """Rows of a signal."""
    return msgspec.structs.replace(
        value, direction=value.direction[start:stop], **{n: getattr(value, n)[start:stop] for n in LEVELS}
    )
