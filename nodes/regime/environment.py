import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, Direction, Label, Number
from nodes.kernels.labels import code_of

TREND = "trending"


class Environment(Node, frozen=True, tag="regime.environment"):
    """How well a trade fits the market: 1 with the trend, 0 against it, one half where there is none.

    In: direction, the side of the trade; bias, the side of the market; label, the regime, where it is connected: only
    "trending" is a trend then.
    Out: 0 to 1; one half where one of the directions is flat or the market does not trend; unknown where one of the
    inputs is.
    """

    synonyms = ("market environment", "with the trend", "fitness", "agreement", "context")

    def compute(self, direction: Direction, bias: Direction, label: Label | None = None) -> Number:
        trend = np.full(len(direction), 0.5) if label is None else self._trend(label)
        out = np.asarray(0.5 + trend * direction * bias, np.float64)
        out[(direction == UNKNOWN) | (bias == UNKNOWN)] = np.nan
        return out

    @staticmethod
    def _trend(label: Label) -> Number:
        """One half where the label says trending, 0 where another, NaN where it is unknown."""
        trend = np.zeros(len(label))
        trend[label.codes == code_of(label, TREND, "regime.environment")] = 0.5
        trend[label.codes < 0] = np.nan
        return trend
