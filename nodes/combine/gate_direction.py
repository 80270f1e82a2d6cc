from typing import NamedTuple

import numpy as np

from engine.needs import AllOf, Goal, Need, Seen, Wants
from engine.node import Node
from engine.values import UNKNOWN, Direction, Label, Signals
from nodes.kernels.deciders import sets_label
from nodes.kernels.signals import gated, trades_of


class Gated(NamedTuple):
    """The signal that is left, and what stopped it."""

    out: Signals
    by: Label


class GateDirection(Node, frozen=True, tag="combine.gate_direction"):
    """Lets a signal pass only in the direction of a bias.

    In: signal; direction, the bias.
    Out: signal, nothing where its direction is not that of the bias, a flat one included; a trade becomes unknown where
    the bias is; by, the input that stopped a trade. For a bias whose flat lets both sides pass see combine.veto.
    """

    synonyms = ("bias", "trend filter", "higher timeframe", "only with the trend", "top down")

    def compute(self, signal: Signals, direction: Direction) -> Gated:
        trades = trades_of(signal)
        bias = direction[trades.rows]
        out = gated(signal, trades, bias == trades.side, "combine.gate_direction", unknown=bias == UNKNOWN)
        by = np.where(signal.direction == UNKNOWN, np.int8(UNKNOWN), np.int8(0))
        by[trades.rows] = np.where(bias == UNKNOWN, np.int8(UNKNOWN), bias != trades.side)
        return Gated(out, sets_label(by, ["direction"]))

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need | None:
        return AllOf((Wants(port="signal", goal=goal), Wants(port="direction", goal=goal))) if port == "out" else None
