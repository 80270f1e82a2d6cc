from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.node import Node
from engine.values import UNKNOWN, ByteColumn, Direction, Flag, FloatColumn, Label, Labels, Number

NAMES = ("HH", "LH", "HL", "LL")
LH, HL = np.int8(1), np.int8(2)  # one less is HH, one more is LL


class LabelPorts(NamedTuple):
    """The name of the newest swing, those of the last high and low, and which name is new at this bar."""

    out: Label
    of_high: Label
    of_low: Label
    higher_high: Flag
    lower_high: Flag
    higher_low: Flag
    lower_low: Flag


class LabelsOfSwings(Node, frozen=True, tag="structure.labels"):
    """Names swings: higher high (HH), lower high (LH), higher low (HL), lower low (LL).

    In: high, previous_high, low, previous_low (quote currency), new_high, new_low and newest of structure.swings.
    Out: label of the newest swing, at every bar until the next; of_high and of_low, labels of the last swing high and
    low; higher_high, lower_high, higher_low and lower_low, true
    only at the bar at which a swing became known under that name. A high equal to the one before is LH, an equal low is
    HL. Unknown until there are two swings of the side in question.
    """

    synonyms = ("HH", "HL", "LH", "LL", "market structure", "higher high", "lower low")

    def compute(
        self,
        high: Number,
        previous_high: Number,
        low: Number,
        previous_low: Number,
        new_high: Flag,
        new_low: Flag,
        newest: Direction,
    ) -> LabelPorts:
        highs, top_blind = high > previous_high, _unknown(high, previous_high)
        lows, bottom_blind = low < previous_low, _unknown(low, previous_low)
        tops, bottoms = _named(LH - highs.view(np.int8), top_blind), _named(HL + lows.view(np.int8), bottom_blind)
        code = _choose(-(newest == 1).view(np.int8), tops, bottoms)
        code[newest == UNKNOWN] = UNKNOWN
        hh, lh = _split(new_high, highs, top_blind)
        ll, hl = _split(new_low, lows, bottom_blind)
        return LabelPorts(Labels(code, NAMES), Labels(tops, NAMES), Labels(bottoms, NAMES), hh, lh, hl, ll)


def _named(code: ByteColumn, unknown: NDArray[np.bool_]) -> ByteColumn:
    code[unknown] = UNKNOWN
    return code


def _choose(bits: ByteColumn, a: ByteColumn, b: ByteColumn) -> ByteColumn:
    """One where all bits are set, the other where none is: `numpy.where`, which takes ten times as long over bytes."""
    return b ^ ((a ^ b) & bits)


def _unknown(last: FloatColumn, before: FloatColumn) -> NDArray[np.bool_]:
    out = np.isnan(last)
    out |= np.isnan(before)
    return out


def _split(new: ByteColumn, far: NDArray[np.bool_], blind: NDArray[np.bool_]) -> tuple[ByteColumn, ByteColumn]:
    """Flags of new swings beyond the one before them, and of those that are not."""
    beyond = new & far.view(np.int8)
    within = new ^ beyond  # a new swing is one or the other; an unknown one is overwritten
    unknown = blind | (new < 0)
    beyond[unknown] = UNKNOWN
    within[unknown] = UNKNOWN
    return beyond, within
