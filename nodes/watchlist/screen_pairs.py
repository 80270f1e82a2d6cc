from typing import Annotated, ClassVar, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import NodeError
from engine.node import Node
from engine.timeframe import DAY, HOUR
from engine.values import UNKNOWN, CloseTimes, Direction, Flag, FloatColumn, Label, Labels, Number, Symbols
from nodes.kernels.pairs import hurst_weights, mackinnon
from nodes.kernels.screening import PER_SIDE, WIDTH, screen_pairs

MOST_SYMBOLS = 127  # names a label can have


class ScreenPorts(NamedTuple):
    """The partner of each symbol, and how the screening went."""

    partner: Label
    selected: Flag
    role: Direction
    score: Number
    kept: Number
    dropped: Number


class Chosen(msgspec.Struct, frozen=True):
    """Per screening and pair: the score (NaN = not chosen), and whether the first symbol is the main one (x)."""

    score: FloatColumn
    first_is_main: NDArray[np.bool_]


class ScreenPairs(Node, frozen=True, tag="watchlist.screen_pairs"):
    """Looks for cointegrated pairs among the symbols of the watchlist, each symbol in one pair at most.

    In: close and volume (base currency) of each symbol.
    Out: partner, the symbol it is paired with (unknown = none or not screened); selected, true where it has one;
    role, +1 for the main market x, -1 for the pair market y, 0 for none; score of its pair, 0 to 1, unknown without
    one; kept and dropped, symbols that passed the turnover filter and those that did not. Everything stays until
    the next screening, and is unknown before the first that has a full window and for a symbol without a price for
    a day.
    Source: DOMAIN 4.3, screener: turnover of 24 hours first; then correlation of returns, Engle-Granger in both
    directions, at `level` or, with `fdr`, by Benjamini and Hochberg (1995) over all tests of the screening; Hurst;
    half-life; score 0.4 (1 - p) + 0.3 (1 - Hurst) + 0.3 min(1, target / half-life); the best pairs first.
    """

    scope: ClassVar[str] = "watchlist"
    synonyms = ("pairs trading", "cointegration", "screener", "universe", "statistical arbitrage")

    every_hours: Annotated[
        int, msgspec.Meta(ge=1, le=168, title="Screen every", description="hours, counted from 1970 UTC")
    ] = 24
    window: Annotated[int, msgspec.Meta(ge=50, le=10_000, title="Window", description="bars")] = 240
    min_turnover: Annotated[
        float, msgspec.Meta(ge=0, title="Least turnover", description="quote currency in 24 hours")
    ] = 50_000_000.0
    min_correlation: Annotated[
        float, msgspec.Meta(ge=-1, le=1, title="Least correlation", description="of returns")
    ] = 0.3
    max_correlation: Annotated[
        float, msgspec.Meta(ge=-1, le=1, title="Largest correlation", description="of returns")
    ] = 0.9
    level: Annotated[
        float, msgspec.Meta(gt=0, lt=1, title="Level", description="p value, or share of false discoveries")
    ] = 0.05
    fdr: Annotated[
        bool, msgspec.Meta(title="Correct for many tests", description="Benjamini-Hochberg; false: each test alone")
    ] = True
    max_hurst: Annotated[float, msgspec.Meta(gt=0, le=1, title="Hurst below", description="exponent")] = 0.5
    max_half_life: Annotated[float, msgspec.Meta(gt=0, title="Longest half-life", description="bars")] = 15.0
    target_half_life: Annotated[
        float, msgspec.Meta(gt=0, title="Target half-life", description="bars; up to this it counts in full")
    ] = 5.0

    def check(self) -> str | None:
        if self.min_correlation >= self.max_correlation:
            return "the least correlation is not below the largest"
        return None

    def compute(self, close: Number, volume: Number, symbols: Symbols, times: CloseTimes) -> ScreenPorts:
        """`close`, `volume` and the results are (symbol, bar) tables."""
        if len(symbols) > MOST_SYMBOLS:
            raise NodeError("watchlist.screen_pairs", f"{len(symbols)} symbols; at most {MOST_SYMBOLS} can be screened")
        bars = self._bars(times)
        turnover = _turnover(close * volume, times, bars)
        eligible = np.where(np.isnan(turnover), 0, turnover >= self.min_turnover).astype(np.int8)
        chosen = self._chosen(close, bars, eligible)
        first, second = np.triu_indices(len(symbols), 1)
        partner = np.full(turnover.shape, UNKNOWN, np.int8)
        role, score = np.zeros(turnover.shape, np.int8), np.full(turnover.shape, np.nan)
        at, pair = np.nonzero(~np.isnan(chosen.score))
        for own, other, main in ((first, second, True), (second, first, False)):
            partner[own[pair], at] = other[pair]
            role[own[pair], at] = np.where(chosen.first_is_main[at, pair] == main, 1, -1)
            score[own[pair], at] = chosen.score[at, pair]
        unknown = np.isnan(turnover) | (bars < self.window - 1)
        role[unknown] = UNKNOWN
        selected = np.where(unknown, UNKNOWN, np.abs(role)).astype(np.int8)
        some = ~unknown.all(axis=0)
        kept = np.where(some, eligible.sum(axis=0), np.nan)
        dropped = np.where(some, len(symbols) - kept, np.nan)
        held = np.searchsorted(bars, np.arange(len(times)), side="right") - 1
        counts = (np.broadcast_to(_spread(c, held, np.nan), close.shape) for c in (kept, dropped))
        names = Labels(_spread(partner, held, UNKNOWN), symbols)
        return ScreenPorts(
            names, _spread(selected, held, UNKNOWN), _spread(role, held, UNKNOWN), _spread(score, held, np.nan), *counts
        )

    def _bars(self, times: CloseTimes) -> NDArray[np.int64]:
        """Bars of the screenings: the first to close in each period; the first bar of all only if it closes on time."""
        period = times // (self.every_hours * HOUR)
        begins = np.diff(period, prepend=period[:1]) != 0
        begins[:1] = times[:1] % (self.every_hours * HOUR) == 0
        return np.flatnonzero(begins)

    def _chosen(self, close: FloatColumn, bars: NDArray[np.int64], eligible: NDArray[np.int8]) -> Chosen:
        count = close.shape[0] * (close.shape[0] - 1) // 2
        table = np.empty((len(bars) * count, WIDTH))
        screen_pairs(
            np.ascontiguousarray(close), bars, np.ascontiguousarray(eligible), self.window, self.min_correlation,
            self.max_correlation, np.empty(self.window), table,
        )  # fmt: skip
        sides = table[:, 1:].reshape(len(bars), count, 2, PER_SIDE)
        p = mackinnon(sides[..., 0].ravel()).reshape(sides.shape[:3])
        with np.errstate(divide="ignore", invalid="ignore"):
            hurst = np.log(sides[..., 2:]) @ (np.array(hurst_weights()) / 2)
            speed = np.minimum(1.0, self.target_half_life / sides[..., 1])
            good = (
                (hurst < self.max_hurst) & (sides[..., 1] <= self.max_half_life) & (p <= self._limits(p)[:, None, None])
            )
        scores = np.where(good, 0.4 * (1 - p) + 0.3 * (1 - hurst) + 0.3 * speed, -np.inf)
        best = scores.max(axis=2)
        _keep_independent(best, close.shape[0])
        return Chosen(np.where(np.isinf(best), np.nan, best), scores[..., 0] >= scores[..., 1])

    def _limits(self, p: FloatColumn) -> FloatColumn:
        """Up to which p value a test counts, per screening; below 0 where none does."""
        limits = np.full(len(p), self.level)
        if self.fdr:
            for s in range(len(p)):
                known = np.sort(p[s][~np.isnan(p[s])])
                passes = known[known <= self.level * np.arange(1, len(known) + 1) / max(len(known), 1)]
                limits[s] = passes.max(initial=-1.0)
        return limits

    def lookback(self) -> int:
        return self.lookback_from(HOUR)

    def lookback_from(self, bar_ms: int) -> int:
        """Bars of that length needed: a screening may lie `every_hours` back and reads its window and a day."""
        return max(self.window, -(-DAY // bar_ms) + 1) + -(-self.every_hours * HOUR // bar_ms) + 1


def _turnover(traded: FloatColumn, times: CloseTimes, bars: NDArray[np.int64]) -> FloatColumn:
    """Quote currency traded in the 24 hours before each bar, by symbol; NaN without a full day or any price in it."""
    out = np.full((len(traded), len(bars)), np.nan)
    for s, bar in enumerate(bars.tolist()):
        first = int(np.searchsorted(times, times[bar] - DAY, side="right"))
        day = traded[:, first : bar + 1]
        if first:
            out[:, s] = np.where(np.isnan(day).all(axis=1), np.nan, np.nansum(day, axis=1))
    return out


def _keep_independent(best: FloatColumn, symbols: int) -> None:
    """Takes out (-inf) every pair with a symbol of a better one; the earlier of equals is the better."""
    first, second = np.triu_indices(symbols, 1)
    for row in best:
        taken: set[int] = set()
        for pair in np.argsort(-row, kind="stable").tolist():
            if np.isinf(row[pair]):
                break
            members = {int(first[pair]), int(second[pair])}
            if members & taken:
                row[pair] = -np.inf
            taken |= members if not np.isinf(row[pair]) else set()


def _spread[T: np.generic](table: NDArray[T], held: NDArray[np.int64], unknown: float) -> NDArray[T]:
    """What was found at the last screening, at every bar."""
    if not table.shape[-1]:
        return np.full((*table.shape[:-1], len(held)), unknown, table.dtype)
    return np.where(held < 0, np.asarray(unknown, table.dtype), table[..., held])
