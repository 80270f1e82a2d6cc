"""A result as plain data: rows of trades and the document of `backtest --json`."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.document import Graph
from engine.result import EXIT_REASONS, Result
from engine.trade_rows import ROW_COLUMNS, result_document, trade_rows
from tests.server.report.sample import sample_result


@pytest.fixture(scope="module")
def result() -> Result:
    return sample_result(3000, symbols=("BTCUSDT", "ETHUSDT"))


def test_rows_say_what_the_records_say(result: Result) -> None:
    rows = trade_rows(result)
    assert len(rows) == len(result.trades) > 20
    for row, trade in zip(rows, result.trades, strict=True):
        assert tuple(row) == ROW_COLUMNS
        assert row["symbol"] == result.data[trade["symbol"]].symbol
        assert row["side"] == ("long" if trade["side"] > 0 else "short")
        assert row["exit_reason"] == EXIT_REASONS[trade["reason"]]
        assert row["pnl_percent"] == pytest.approx(100 * trade["pnl"] / (trade["entry_price"] * trade["quantity"]))
        assert row["decision_time"] <= row["entry_time"] <= row["exit_time"]
        assert row["ambiguous"] is bool(trade["ambiguous"])


def test_unknown_is_none(result: Result) -> None:
    trades = result.trades.copy()
    for name in ("stop", "target", "last_stop", "confidence"):
        trades[name][0] = np.nan
    row = trade_rows(msgspec.structs.replace(result, trades=trades))[0]
    assert row["stop"] is row["target"] is row["last_stop"] is row["confidence"] is None


def test_no_trades(result: Result) -> None:
    assert trade_rows(msgspec.structs.replace(result, trades=result.trades[:0])) == []


def test_document_is_json_and_complete(result: Result) -> None:
    """The keys of DESIGN 12, plain JSON without NaN, the graph readable as a graph again."""
    document: Any = json.loads(json.dumps(result_document(result), allow_nan=False))
    promised = {"graph", "logic_hash", "data", "policy", "metrics", "trades", "pessimistic", "seconds"}
    assert promised <= set(document)
    assert document["pessimistic"]["metrics"] == result.pessimistic
    assert msgspec.convert(document["graph"], Graph) == result.graph
    assert set(document["definitions"]) == set(result.metrics)
