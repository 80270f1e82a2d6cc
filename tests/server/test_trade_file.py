"""The CSV file of trades: every column, instants in ISO 8601, nothing invented for what is unknown."""

import csv
import io

import pytest

from engine.trade_rows import trade_rows
from server.web.trade_file import COLUMNS, trades_csv
from tests.server.report.sample import explained_result


def test_a_row_per_trade_with_every_value() -> None:
    rows = [row | {"number": n + 1} for n, row in enumerate(trade_rows(explained_result()))]
    read = list(csv.DictReader(io.StringIO(trades_csv(rows))))
    assert len(read) == len(rows) > 0 and tuple(read[0]) == COLUMNS
    for line, row in zip(read, rows, strict=True):
        assert float(line["pnl"]) == row["pnl"] and line["side"] == row["side"]
        assert line["nodes"].split() == row["nodes"]
        assert (line["target"] == "") == (row["target"] is None)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("entry_time", 1_700_000_000_000, "2023-11-14T22:13:20Z"), ("stop", None, ""), ("ambiguous", True, "yes")],
)
def test_values_as_text(name: str, value: object, told: str) -> None:
    row = dict.fromkeys(COLUMNS, 0) | {"nodes": [], "decision_time": 0, "entry_time": 0, "exit_time": 0, name: value}
    (line,) = csv.DictReader(io.StringIO(trades_csv([row])))
    assert line[name] == told
