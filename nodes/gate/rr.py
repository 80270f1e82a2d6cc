from typing import Annotated

import msgspec
import numpy as np

from engine.needs import After, Goal, Measure, Need, Seen, Wants
from engine.node import Node
from engine.values import Signals
from nodes.kernels.signals import CLOSE_TO, gated, trades_of


class Rr(Node, frozen=True, tag="gate.rr"):
    """Lets a signal pass only if reward is large enough against risk.

    In: signal with entry, stop and target.
    Out: the signal with direction 0 where (target - entry) / (entry - stop), mirrored for shorts, is below
    the minimum or undefined: no stop, no target, or one on the wrong side; unknown stays unknown.
    """

    synonyms = ("risk reward", "reward to risk", "filter", "crv")

    minimum: Annotated[float, msgspec.Meta(ge=0, le=1000, title="Minimum", description="reward / risk")] = 1.7

    def compute(self, signal: Signals) -> Signals:
        trades = trades_of(signal)
        reward = trades.side * (signal.target[trades.rows] - trades.entry)
        risk = trades.side * (trades.entry - signal.stop[trades.rows])
        passes = (risk > 0) & (reward > 0) & (reward >= self.minimum * (1 - CLOSE_TO) * risk)
        return gated(signal, trades, passes, "gate.rr")

    def needs(self, port: str, goal: Goal, seen: Seen) -> Need:
        signal, side = seen.column("signal"), int(goal)
        reward, risk = side * (signal.target - signal.entry), side * (signal.entry - signal.stop)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where((risk > 0) & (reward > 0), reward / risk, np.where(np.isnan(reward + risk), np.nan, 0.0))
        level = self.minimum * (1 - CLOSE_TO)
        return After(
            Wants(port="signal", goal=goal), Measure(name="reward / risk", value=ratio, relation=">=", level=level)
        )
