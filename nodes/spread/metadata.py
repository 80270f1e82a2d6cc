from typing import Annotated

import msgspec
import numpy as np

from engine.node import Node
from engine.values import UNKNOWN, Labels, Line, Number, Text, Texts


class Metadata(Node, frozen=True, tag="spread.metadata"):
    """Everything a monitor or a prompt must know of a position in a spread, as text.

    In: beta, mean, sigma, z_at_entry, z_stop, z_most of `spread.position`; intercept.
    Out: a line each for pair_symbol, timeframe, lookback, z_exit_threshold, beta, spread_mean, spread_std,
    z_score_at_entry, z_sl, max_spread_deviation and intercept; all of them unknown while no position is held.
    """

    synonyms = ("context", "prompt", "pairs trading", "monitoring")

    pair: Annotated[str, msgspec.Meta(max_length=40, title="Pair symbol", description="market of y")] = ""
    timeframe: Annotated[
        str, msgspec.Meta(max_length=3, title="Timeframe", description="bar length; empty = that of the run")
    ] = ""
    window: Annotated[int, msgspec.Meta(ge=3, le=10_000, title="Window", description="bars")] = 120
    z_entry: Annotated[float, msgspec.Meta(gt=0, le=20, title="z at the entry", description="standard deviations")] = (
        2.0
    )
    z_exit: Annotated[float, msgspec.Meta(ge=0, le=20, title="z at the exit", description="standard deviations")] = 0.5

    def compute(
        self, beta: Number, mean: Number, sigma: Number, z_at_entry: Number, z_stop: Number, z_most: Number,
        intercept: Number | None = None,
    ) -> Texts:  # fmt: skip
        rows, flat = len(beta), np.isnan(beta)

        def name(text: str) -> Labels:
            return Labels(np.where(flat, UNKNOWN, 0).astype(np.int8), (text,))

        def setting(value: float) -> Number:
            return np.where(flat, np.nan, value)

        lines = [
            Line("pair_symbol", name(self.pair or "not named")),
            Line("timeframe", name(self.timeframe or "that of the run")),
            Line("lookback", setting(self.window), 0, "bars"),
            Line("z_entry", setting(self.z_entry)),
            Line("z_exit_threshold", setting(self.z_exit)),
            Line("beta", beta, 6),
            Line("spread_mean", mean, 6),
            Line("spread_std", sigma, 6),
            Line("z_score_at_entry", z_at_entry, 4),
            Line("z_sl", z_stop, 4),
            Line("max_spread_deviation", z_most, 4),
        ]
        if intercept is not None:
            lines.append(Line("intercept", intercept, 6))
        return Text(rows, "spread", tuple(lines))
