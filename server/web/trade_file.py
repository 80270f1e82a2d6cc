"""The trades of a back-test as a CSV file."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.trade_rows import ROW_COLUMNS

COLUMNS = ("number", *(name for name in ROW_COLUMNS if name != "nodes"), "nodes")


def trades_csv(trades: Iterable[Mapping[str, Any]]) -> str:
    """A line per trade: instants as ISO 8601 in UTC, what is unknown empty, deciding nodes parted by spaces."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(name, trade[name]) for name in COLUMNS] for trade in trades)
    return out.getvalue()


def _text(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if name.endswith("_time"):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if name == "nodes":
        return " ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, float) else value
