"""What the page says of trades and bars: decision slices, and why a bar had no trade.

Budget: sentences for at most `WHY_BARS` bars (about 100 bytes each in the file) and slices for at most `SLICES` trades
(about 700 bytes each), so an explained report is at most about 1.5 MB larger.  Bars nearest to entries come first, then
later ones; of more trades the latest are explained.
"""

from itertools import batched
from typing import Any

import numpy as np

from engine.explain import Condition, Decided, Explainer, SideAnswer
from engine.explain.account import Happened
from engine.explain.wording import plain
from engine.result import Result
from server.report.packing import Rows, packed_json, segments

WHY_BARS = 6_000  # of all markets together
SLICES = 1_000  # of all trades
NEAREST = 3  # conditions told per side
_BARS_PER_PIECE, _SLICES_PER_PIECE = 500, 50


def explanations(result: Result) -> dict[str, Any] | None:
    """Reasons of bars by market, and slices of trades; None where the result kept no trace."""
    if not result.traces:
        return None
    explainers = [Explainer(result, market) for market in range(len(result.candles))]
    share = WHY_BARS // len(explainers)
    return {
        "markets": [_why(explainer, share) for explainer in explainers],
        "slices": _slices(result, explainers),
        "nearest": NEAREST,
    }


def _why(explainer: Explainer, most: int) -> dict[str, Any]:
    """`segments` name the bars, `pieces` hold `size` of them each: [outcome, sentence, long, short]."""
    rows = bars_told(explainer, most)
    told = explainer.many(rows, NEAREST + 1)
    bars = [[happened.outcome, happened.sentence, *_trade(happened), *map(_side, sides)] for happened, sides in told]
    return {
        "bar_ms": explainer.base.bar_ms,
        "timeframe": explainer.base.timeframe,
        "bars": len(explainer.base),
        "segments": segments(explainer.base.time[rows], explainer.base.bar_ms),
        "size": _BARS_PER_PIECE,
        "pieces": [packed_json(piece) for piece in batched(bars, _BARS_PER_PIECE)],
    }


def _trade(happened: Happened) -> list[int]:
    return [-1 if happened.trade is None else happened.trade]


def _side(side: SideAnswer) -> list[Any]:
    """Whether it lacked nothing, whether more is lacking than is told, and the sentences."""
    told = [[int(c.met is None), c.sentence] for c in side.conditions[:NEAREST]]
    return [int(side.met), int(len(side.conditions) > NEAREST), *told]


def bars_told(explainer: Explainer, most: int) -> Rows:
    """Rows of the bars whose reasons are in the page: all, or the ones nearest to a decision, later ones first."""
    bars, result = len(explainer.base), explainer.result
    inside = np.flatnonzero(explainer.closes >= result.time[0])
    if len(inside) <= most:
        return inside
    trades = result.trades[result.trades["symbol"] == explainer.market]
    if not len(trades):
        return inside[-most:]
    decided = np.unique(np.searchsorted(explainer.closes, result.time[trades["decision_bar"]]))
    after = np.searchsorted(decided, inside)
    ahead = np.where(after < len(decided), decided[np.minimum(after, len(decided) - 1)] - inside, bars)
    behind = np.where(after > 0, inside - decided[np.maximum(after - 1, 0)], bars)
    return np.sort(inside[np.lexsort((-inside, np.minimum(ahead, behind)))[:most]])


def _slices(result: Result, explainers: list[Explainer]) -> dict[str, Any]:
    """The slices of the trades from `first` on, `size` per piece."""
    first = max(0, len(result.trades) - SLICES)
    out: list[Any] = [None] * (len(result.trades) - first)
    for market, explainer in enumerate(explainers):
        rows = np.flatnonzero(result.trades["symbol"] == market)
        rows = rows[rows >= first]
        if not len(rows):
            continue
        for row, decided in zip(rows.tolist(), explainer.decided(rows), strict=True):
            out[row - first] = slice_words(decided)
    return {
        "first": first,
        "size": _SLICES_PER_PIECE,
        "pieces": [packed_json(piece) for piece in batched(out, _SLICES_PER_PIECE)],
    }


def slice_words(decided: Decided) -> dict[str, Any]:
    """One slice, its nodes by sub-graph."""
    groups: dict[str, list[Any]] = {}
    for node in decided.nodes:
        words = [[port, text] for port, text in node.words.items()]
        groups.setdefault(node.group, []).append([node.title, node.type, node.timeframe, words])
    levels = [("entry", decided.entry), ("stop", decided.stop), ("target", decided.target)]
    return {
        "because": [_condition(c) for c in decided.conditions],
        "groups": list(groups.items()),
        "rules": [
            ["Levels", ", ".join(f"{name} {'none' if v is None else plain(v)}" for name, v in levels)],
            ["Size", decided.size],
            ["Order", decided.order],
            ["Exits", "; ".join(decided.exits) or "no further rules"],
        ],
    }


def _condition(condition: Condition) -> list[str]:
    return [condition.group, condition.sentence]
