"""The pair screener of a watchlist: turnover first, then statistics that statsmodels confirms, each symbol once."""

from typing import Any

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa import stattools

from engine.columns import Supply
from engine.errors import NodeError
from engine.timeframe import HOUR
from engine.values import UNKNOWN
from nodes.kernels.pairs import LAGS
from nodes.watchlist.screen_pairs import ScreenPairs, ScreenPorts
from tests.engine.executor import candles, columns, graph, value
from tests.nodes.cointegrated import ar1

coint: Any = stattools.coint
ROWS = 500
NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")
LAST = 479  # the bar that closes at the twentieth midnight


def market(seed: int) -> Any:
    return np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.004, ROWS)))


def closes() -> Any:
    """AAA and BBB belong together, so do CCC and DDD; EEE goes its own way."""
    one, two = market(1), market(2)
    return np.stack([
        100 * one, 50 * one + ar1(ROWS, 3, 0.6, 0.12), 10 * two, 30 * two + ar1(ROWS, 4, 0.7, 0.1), 70 * market(5),
    ])  # fmt: skip


def screen(node: ScreenPairs, close: Any = None, turnover: Any = 1e6, first: int = 0) -> ScreenPorts:
    """With so much turnover per bar and symbol; bars of an hour, the first opens `first` hours after midnight."""
    close = closes() if close is None else close
    volume = np.broadcast_to(np.asarray(turnover, float).reshape(-1, 1), close.shape) / close
    return node.compute(close, volume, NAMES[: len(close)], HOUR * np.arange(first + 1, first + close.shape[1] + 1))


def loose(**params: Any) -> ScreenPairs:
    given: dict[str, Any] = {"window": 200, "min_turnover": 24e6, "max_correlation": 1.0}
    return ScreenPairs(**given | params)


def partners(found: ScreenPorts, bar: int) -> list[str | None]:
    return [found.partner.names[c] if c >= 0 else None for c in found.partner.codes[:, bar]]


def test_it_finds_the_pairs_and_nothing_else() -> None:
    found = screen(loose())
    assert partners(found, LAST) == ["BBB", "AAA", "DDD", "CCC", None]
    assert found.selected[:, LAST].tolist() == [1, 1, 1, 1, 0]
    assert found.role[0, LAST] == -found.role[1, LAST] != 0 and found.role[4, LAST] == 0
    assert found.score[0, LAST] == found.score[1, LAST] > 0.5 and np.isnan(found.score[4, LAST])


def test_score_and_roles_are_those_of_the_better_direction() -> None:
    found, xs = screen(loose()), closes()[:, LAST - 199 : LAST + 1]
    scores: dict[bool, float] = {}
    for first_is_main, (x, y) in {True: (xs[0], xs[1]), False: (xs[1], xs[0])}.items():
        p = coint(y, x, trend="c", maxlag=1, autolag=None)[1]
        rest = OLS(y, np.column_stack([np.ones(200), x])).fit().resid
        speed = -OLS(np.diff(rest), np.column_stack([np.ones(199), rest[:-1]])).fit().params[1]
        hurst = np.polyfit(np.log(LAGS), [np.log(np.std(rest[n:] - rest[:-n])) for n in LAGS], 1)[0]
        scores[first_is_main] = 0.4 * (1 - p) + 0.3 * (1 - hurst) + 0.3 * min(1, 5 * speed / np.log(2))
    assert found.score[0, LAST] == pytest.approx(max(scores.values()), rel=1e-8)
    assert found.role[0, LAST] == (1 if scores[True] >= scores[False] else -1)


def test_turnover_comes_before_everything() -> None:
    """24 hours of a million each pass a floor of 24 million; one symbol below it takes its pair with it."""
    found = screen(loose(), turnover=[1e6, 0.99e6, 1e6, 1e6, 1e6])
    assert partners(found, LAST) == [None, None, "DDD", "CCC", None]
    assert found.kept[:, LAST].tolist() == [4.0] * 5 and found.dropped[:, LAST].tolist() == [1.0] * 5
    found = screen(loose(min_turnover=24e6 + 1))
    assert found.kept[0, LAST] == 0 and found.dropped[0, LAST] == 5 and found.selected[:, LAST].tolist() == [0] * 5


GATES = [
    {"max_correlation": 0.5},
    {"min_correlation": 0.999},
    {"max_hurst": 0.01},
    {"max_half_life": 0.1},
    {"level": 1e-15},
]


@pytest.mark.parametrize("gate", GATES)
def test_each_gate_keeps_pairs_out(gate: dict[str, Any]) -> None:
    assert screen(loose(**gate)).selected[:, LAST].tolist() == [0] * 5


def test_correlation_is_that_of_returns() -> None:
    """Two prices that trend together without moving together are no pair."""
    trend = np.linspace(0, 1, ROWS)
    apart = np.stack([100 + 50 * trend + ar1(ROWS, 8, 0.2), 100 + 50 * trend + ar1(ROWS, 9, 0.2)])
    assert np.corrcoef(apart)[0, 1] > 0.9
    assert screen(loose(), apart).selected[:, LAST].tolist() == [0, 0]


def test_each_symbol_is_in_one_pair_at_most() -> None:
    one = market(1)
    family = np.stack([100 * one + ar1(ROWS, seed, 0.5, 0.15) for seed in (21, 22, 23, 24, 25)])
    found = screen(loose(), family)
    for bar in range(ROWS):
        names = partners(found, bar)
        for own, other in zip(NAMES, names, strict=True):
            assert other is None or names[NAMES.index(other)] == own
    assert found.selected[:, LAST].sum() == 4


def test_many_tests_need_stronger_evidence() -> None:
    """Random walks with one driver: a test alone finds pairs by chance, the corrected one far fewer."""
    driver = np.random.default_rng(0).normal(0, 0.003, (1, 4000))
    own = np.random.default_rng(1).normal(0, 0.003, (5, 4000))
    walks = 100 * np.exp(np.cumsum(driver + own, axis=1))
    node = {"max_hurst": 1.0, "max_half_life": 1e6}
    alone = np.nansum(screen(loose(fdr=False, **node), walks).selected == 1)
    corrected = np.nansum(screen(loose(fdr=True, **node), walks).selected == 1)
    assert alone > 4 * corrected


def test_a_screening_holds_until_the_next() -> None:
    found = screen(loose(every_hours=24))
    for name in ("selected", "role", "score"):
        table = np.nan_to_num(getattr(found, name), nan=-1.0)
        changes = np.flatnonzero((table[:, 1:] != table[:, :-1]).any(axis=0)) + 1
        assert len(changes)
        assert set((changes + 1) % 24) <= {0}, name  # bars that close at midnight
    first = 215  # the first midnight with a full window
    assert (found.selected[:, :first] == UNKNOWN).all() and (found.selected[:, first] != UNKNOWN).all()
    assert np.isnan(found.kept[:, :first]).all()


def test_a_symbol_without_prices_is_unknown_and_the_others_go_on() -> None:
    close = closes()
    close[1] = np.nan
    found = screen(loose(), close)
    assert found.selected[:, LAST].tolist() == [0, UNKNOWN, 1, 1, 0]
    hole = closes()
    hole[1, LAST - 100] = np.nan  # a missing bar is not filled up
    assert screen(loose(), hole).selected[:, LAST].tolist() == [0, 0, 1, 1, 0]


def test_limits_of_a_label() -> None:
    with pytest.raises(NodeError, match="128 symbols; at most 127"):
        loose().compute(np.ones((128, 2)), np.ones((128, 2)), tuple(map(str, range(128))), HOUR * np.arange(1, 3))
    assert loose(min_correlation=0.9, max_correlation=0.9).check() is not None


def test_in_a_run_the_names_are_the_symbols_of_the_watchlist() -> None:
    """Markets that begin at different times, as they are."""
    document = graph(
        {"candles": "source.candles", "pairs": ("watchlist.screen_pairs", {"window": 200, "max_correlation": 1.0}),
         "flags": "signal.flags", "stop": "stop.percent", "size": "size.notional", "order": "order.place"},
        ["candles.close > pairs.close", "candles.volume > pairs.volume", "pairs.selected > flags.enter_long",
         "candles.close > flags.price", "flags.out > stop.signal", "stop.out > order.signal", "size.out > order.size"],
    )  # fmt: skip
    given = [candles(c, symbol=n, spread=0.0) for n, c in zip(NAMES, closes(), strict=True)]
    given[4] = given[4].part(24, ROWS)
    plan, passes = columns(document, *(Supply(c) for c in given))
    alone = screen(loose(min_turnover=50e6), turnover=1e9)
    for row, one in enumerate(passes):
        partner = value(plan, one, "pairs.partner")
        assert partner.names == NAMES and len(partner) == len(given[row])
        assert partner.at(LAST - (24 if row == 4 else 0)) == partners(alone, LAST)[row]
