"""What the page of a back-test says of its figures, from the document that is stored."""

from typing import Any

import msgspec
import pytest

from engine.trade_rows import identity
from server.report import figures
from server.report.series import equity_series
from server.web.backtest_view import controls, equity_words, facts
from tests.server.report.sample import explained_result


@pytest.fixture(scope="module")
def result() -> Any:
    return explained_result()


@pytest.fixture(scope="module")
def stored(result: Any) -> dict[str, Any]:
    """The result as the database gives it back: JSON."""
    return msgspec.json.decode(msgspec.json.encode(identity(result)))


def test_figures_are_those_of_the_report(result: Any, stored: dict[str, Any]) -> None:
    told = facts(stored)
    assert told["figures"] == figures.figures(result)
    assert told["quote"] == figures.quote_currency(result)
    assert told["path_dependent"] == figures.path_dependent(result)


def test_every_headline_figure_has_its_meaning_and_its_twin(stored: dict[str, Any]) -> None:
    headline = facts(stored)["headline"]
    assert [one.name for one in headline][:2] == ["total_return", "cagr"]
    assert all(one.definition.sentence and one.twin for one in headline)


def test_synthetic_candles_and_notes_are_not_lost(result: Any, stored: dict[str, Any]) -> None:
    told = facts(stored)
    assert told["synthetic"] == any(info.synthetic for info in result.data)
    assert told["notes"] == list(result.notes)
    assert told["markets"][0]["symbol"] == result.data[0].symbol


def test_a_result_whose_sign_depends_on_the_path_is_told(stored: dict[str, Any]) -> None:
    turned = stored | {"metrics": {"total_return": 0.1}, "pessimistic": {"metrics": {"total_return": -0.05}}}
    told = facts(turned)
    assert told["path_dependent"] and told["twin_return"] == "-5.00 %"
    assert [one.flips for one in told["figures"]] == [True]


@pytest.mark.parametrize(("markets", "named"), [(1, False), (2, True)])
def test_trades_name_their_market_if_there_are_several(markets: int, named: bool) -> None:
    assert ("symbol" in [column[0] for column in controls(markets)["trade_columns"]]) == named


def test_the_curve_is_told_in_words(result: Any) -> None:
    curve = equity_series(result)
    words = equity_words(curve, 0.12)
    assert f"{curve['capital']:,.2f} to {curve['eq'][-1]:,.2f}" in words and words.endswith("drawdown 12.00 %.")
    assert f"between {min(curve['eq']):,.2f} and {max(curve['eq']):,.2f}" in words
