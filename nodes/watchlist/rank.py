from typing import Annotated, ClassVar

import msgspec
import numpy as np

from engine.node import Node
from engine.values import Number


class Rank(Node, frozen=True, tag="watchlist.rank"):
    """The place of this symbol among all symbols of the watchlist, 1 for the best.

    In: score, a number of each symbol.
    Out: place at each bar, 1, 2, ...; equal scores share the better place; unknown where the score is unknown, and such
    symbols take no place.
    """

    scope: ClassVar[str] = "watchlist"
    synonyms = ("ranking", "cross section", "relative strength", "best of")

    highest_first: Annotated[bool, msgspec.Meta(title="Highest first", description="false: the lowest score is 1")] = (
        True
    )

    def compute(self, score: Number) -> Number:
        """`score` and the result are (symbol, bar) tables."""
        table = -score if self.highest_first else score
        better = (table[None, :, :] < table[:, None, :]).sum(axis=1)
        return np.where(np.isnan(score), np.nan, better + 1.0)
