from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, FloatColumn, Label, Labels, Line, Signal, Signals, Text, Texts
from nodes.kernels.signals import trades_of


class Reasons(Node, frozen=True, tag="text.reasons"):
    """A signal in words: its side, its levels, how good it is and what shaped it.

    In: signal; by, who decided, such as a node that combines signals says.
    Out: text, a line each for the signal, reward / risk, setup quality, market environment, reasons and, if connected,
    who decided; not yet known, or none, where it has no trade. Nothing is written until a bar is read.
    """

    synonyms = ("explain", "why", "rationale", "summary", "prompt", "words")

    title: Annotated[
        str, msgspec.Meta(max_length=200, title="Title", description="line above the rest; empty = none")
    ] = ""
    digits: Annotated[int, msgspec.Meta(ge=0, le=12, title="Digits", description="of prices, after the point")] = 2

    def compute(self, signal: Signals, by: Label | None = None) -> Texts:
        lines = [
            Line("signal", signal, self.digits),
            Line("reward / risk", reward_to_risk(signal)),
            Line("setup quality", signal.quality),
            Line("market environment", signal.environment),
            Line("shaped by", _shaped_by(signal)),
        ]
        if by is not None:
            lines.append(Line("decided by", by))
        return Text(len(signal.direction), self.title, tuple(lines))


def reward_to_risk(signal: Signal) -> FloatColumn:
    """(target - entry) / (entry - stop) at the trades, mirrored for shorts; unknown without levels on their sides."""
    trades = trades_of(signal)
    reward = trades.side * (signal.target[trades.rows] - trades.entry)
    risk = trades.side * (trades.entry - signal.stop[trades.rows])
    out = np.full(len(signal.direction), np.nan)
    sound = (reward > 0) & (risk > 0)
    out[trades.rows[sound]] = reward[sound] / risk[sound]
    return out


def _shaped_by(signal: Signal) -> Labels:
    """The reasons at trades, none where there is nothing."""
    codes = np.where(signal.direction == UNKNOWN, signal.direction, signal.direction == 0)
    return Labels(codes.astype(np.int8), (", ".join(signal.reasons) or "nothing", "none"))
