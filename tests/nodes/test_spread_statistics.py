"""Rolling statistics of a pair: each bar is what statsmodels and numpy say of its window."""

import warnings
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa import stattools
from statsmodels.tsa.adfvalues import mackinnonp

from nodes.kernels.pairs import LAGS, mackinnon
from nodes.spread.cointegration import Cointegration
from nodes.spread.half_life import HalfLife
from nodes.spread.hedge import Hedge
from nodes.spread.hurst import Hurst
from nodes.spread.spread import Spread
from nodes.spread.zscore import Zscore
from tests.nodes.cointegrated import cointegrated

adfuller: Any = stattools.adfuller  # its stubs know no `autolag=None`
coint: Any = stattools.coint

WINDOW = 60
ROWS = 400
BARS = (WINDOW - 1, WINDOW, 2 * WINDOW - 1, 2 * WINDOW, 233, 300, 399)
PAIRS = {"beta above 0": (1, 2.5), "beta below 0": (2, -1.5), "hardly related": (3, 0.02), "expensive": (4, 800.0)}
every_pair = pytest.mark.parametrize("name", PAIRS)


def pair(name: str) -> tuple[Any, Any]:
    seed, beta = PAIRS[name]
    return cointegrated(ROWS, seed, beta, level=100_000.0)


def windows(x: Any, y: Any) -> list[tuple[int, Any, Any]]:
    return [(bar, x[bar - WINDOW + 1 : bar + 1], y[bar - WINDOW + 1 : bar + 1]) for bar in BARS]


def line(x: Any, y: Any) -> Any:
    return OLS(y, np.column_stack([np.ones(len(x)), x])).fit()


@every_pair
def test_hedge_is_the_regression_of_y_on_x(name: str) -> None:
    x, y = pair(name)
    found = Hedge(window=WINDOW).compute(x, y)
    for bar, xs, ys in windows(x, y):
        alpha, beta = line(xs, ys).params
        assert found.alpha[bar] == pytest.approx(alpha, rel=1e-9)
        assert found.beta[bar] == pytest.approx(beta, rel=1e-8)
    assert np.isnan(found.beta[: WINDOW - 1]).all()


@every_pair
def test_z_is_the_score_of_the_spread_with_the_beta_of_the_bar(name: str) -> None:
    x, y = pair(name)
    hedge = Hedge(window=WINDOW).compute(x, y)
    found = Zscore(window=WINDOW).compute(x, y, hedge.beta)
    for bar, xs, ys in windows(x, y):
        spread = ys - hedge.beta[bar] * xs
        assert found.spread[bar] == pytest.approx(spread[-1], rel=1e-12)
        assert found.mean[bar] == pytest.approx(spread.mean(), rel=1e-9)
        assert found.sigma[bar] == pytest.approx(spread.std(ddof=0), rel=1e-8)
        assert found.z[bar] == pytest.approx((spread[-1] - spread.mean()) / spread.std(ddof=0), rel=1e-7, abs=1e-8)
    np.testing.assert_array_equal(Spread().compute(x, y, hedge.beta), found.spread)
    np.testing.assert_array_equal(Spread().compute(x, y, hedge.beta, hedge.alpha), found.spread - hedge.alpha)


@every_pair
def test_half_life_is_that_of_the_regression_of_changes_on_levels(name: str) -> None:
    x, y = pair(name)
    beta = Hedge(window=WINDOW).compute(x, y).beta
    found = HalfLife(window=WINDOW).compute(x, y, beta)
    for bar, xs, ys in windows(x, y):
        spread = ys - beta[bar] * xs
        speed = -line(spread[:-1], np.diff(spread)).params[1]
        assert found[bar] == pytest.approx(np.log(2) / speed if speed > 0 else np.inf, rel=1e-8)


@every_pair
def test_hurst_is_the_slope_itself_without_a_factor(name: str) -> None:
    x, y = pair(name)
    beta = Hedge(window=WINDOW).compute(x, y).beta
    found = Hurst(window=WINDOW).compute(x, y, beta)
    for bar, xs, ys in windows(x, y):
        spread = ys - beta[bar] * xs
        deviations = [np.std(spread[lag:] - spread[:-lag]) for lag in LAGS]
        assert found[bar] == pytest.approx(np.polyfit(np.log(LAGS), np.log(deviations), 1)[0], rel=1e-8, abs=1e-9)


@every_pair
def test_cointegration_is_the_engle_granger_test_with_one_lag(name: str) -> None:
    x, y = pair(name)
    found = Cointegration(window=WINDOW, level=0.05).compute(x, y)
    for bar, xs, ys in windows(x, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it calls a pair nearly collinear it gives no figure
            statistic, p, _ = coint(ys, xs, trend="c", maxlag=1, autolag=None)
        if np.isinf(statistic):
            residuals = line(xs, ys).resid
            statistic = adfuller(residuals, maxlag=1, autolag=None, regression="n", result_object=False)[0]
            p = mackinnonp(statistic, regression="c", N=2)
        assert found.statistic[bar] == pytest.approx(statistic, rel=1e-7)
        assert found.p[bar] == pytest.approx(p, rel=1e-6)
        assert found.out[bar] == (p < 0.05)


def test_p_values_are_those_for_estimated_residuals_and_not_those_of_a_plain_test() -> None:
    statistics = np.array([*np.linspace(-19, 2, 211), -2.62, -2.620001, 0.92, 0.920001, np.nan])
    found = mackinnon(statistics)
    expected = [mackinnonp(t, regression="c", N=2) if t == t else np.nan for t in statistics]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300)
    assert mackinnon(np.array([-3.0]))[0] > 0.05 > mackinnonp(-3.0, regression="c", N=1)


def test_at_the_five_percent_value_of_statsmodels_the_p_value_is_five_percent() -> None:
    x, y = pair("beta above 0")
    critical = coint(y, x, trend="c", maxlag=1, autolag=None)[2][1]
    assert mackinnon(np.array([critical]))[0] == pytest.approx(0.05, abs=0.002)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), beta=st.floats(-20, 20), keep=st.floats(0, 0.999), bar=st.integers(39, 199))
def test_any_pair_at_any_bar(seed: int, beta: float, keep: float, bar: int) -> None:
    x, y = cointegrated(200, seed, beta, level=5000.0, keep=keep)
    xs, ys = x[bar - 39 : bar + 1], y[bar - 39 : bar + 1]
    fit = line(xs, ys)
    hedge = Hedge(window=40).compute(x, y)
    assert hedge.beta[bar] == pytest.approx(fit.params[1], rel=1e-8, abs=1e-9)
    z = Zscore(window=40).compute(x, y, hedge.beta)
    assert z.mean[bar] == pytest.approx(hedge.alpha[bar], rel=1e-9)  # the intercept is the mean of the spread
    assert z.sigma[bar] == pytest.approx(fit.resid.std(), rel=1e-7)
    statistic = adfuller(fit.resid, maxlag=1, autolag=None, regression="n", result_object=False)[0]
    assert Cointegration(window=40).compute(x, y).statistic[bar] == pytest.approx(statistic, rel=1e-6, abs=1e-8)


def test_a_pair_without_a_spread_has_no_score() -> None:
    """One market that is a multiple of the other leaves rounding only, which must not become a trade."""
    x = cointegrated(ROWS, 7, 1.0)[0]
    for y in (3 * x, 3 * x + 500, x.copy()):
        beta = Hedge(window=WINDOW).compute(x, y).beta
        found = Zscore(window=WINDOW).compute(x, y, beta)
        assert np.isnan(found.sigma).all() and np.isnan(found.z).all()
        assert np.isnan(HalfLife(window=WINDOW).compute(x, y, beta)).all()
        assert np.isnan(Cointegration(window=WINDOW).compute(x, y).p).all()


def test_sigma_below_1e_8_is_none() -> None:
    x = np.full(ROWS, 100.0)
    y = 5 + 1e-9 * np.sin(np.arange(ROWS))
    found = Zscore(window=WINDOW).compute(x, y, np.full(ROWS, 0.0))
    assert np.isnan(found.z).all()
    assert np.isnan(Hedge(window=WINDOW).compute(x, y).beta).all()  # x does not move


def test_a_missing_bar_of_the_pair_is_unknown_as_long_as_it_is_in_the_window() -> None:
    x, y = pair("beta above 0")
    y = y.copy()
    y[200] = np.nan
    beta = Hedge(window=WINDOW).compute(x, y).beta
    for column in (beta, Cointegration(window=WINDOW).compute(x, y).p, HalfLife(window=WINDOW).compute(x, y, beta)):
        known = ~np.isnan(column)
        assert not known[200 : 200 + WINDOW].any()
        assert known[200 + WINDOW :].all() and known[WINDOW - 1 : 200].all()


def test_a_spread_that_runs_away_has_an_infinite_half_life() -> None:
    x: Any = np.full(ROWS, 100.0) + np.arange(ROWS) % 2
    y: Any = 1.05 ** np.arange(ROWS)
    assert HalfLife(window=WINDOW).compute(x, y, np.zeros(ROWS))[-1] == np.inf
