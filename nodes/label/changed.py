import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, Flag, Label


class Changed(Node, frozen=True, tag="label.changed"):
    """True at the first bar of a label that is not what it was at the bar before.

    In: label.
    Out: flag; unknown where the label or the one before is.
    """

    synonyms = ("transition", "new", "switch", "regime change")

    def compute(self, label: Label) -> Flag:
        now, before = label.codes[1:], label.codes[:-1]
        out = np.full(len(label), UNKNOWN, np.int8)
        out[1:] = np.where((now < 0) | (before < 0), np.int8(UNKNOWN), now != before)
        return out

    def lookback(self) -> int:
        return 2
