"""The files of a result: tables and documents for programs, one page for people."""

import csv
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.document import Graph, encode
from engine.result import Result
from engine.trade_rows import ROW_COLUMNS, TradeRow, result_document
from server.report.page import render
from server.report.series import capital_of


def write_report(result: Result, folder: Path) -> dict[str, Path]:
    """Write all files of a result into `folder` (made if missing) and return their paths by name.

    metrics.json, trades.csv, equity.csv, graph.json, result.json (the document of `backtest --json`) and report.html,
    one page that needs neither network nor any of the other files.  The same result gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = result_document(result)
    contents = {
        "metrics.json": _json({key: document[key] for key in ("metrics", "pessimistic", "definitions")}),
        "graph.json": encode(result.graph) if isinstance(result.graph, Graph) else _json(document["graph"]),
        "result.json": _json(document),
        "equity.csv": _equity_csv(result).encode(),
        "report.html": render(result, document["trades"]).encode(),
    }
    paths = {name: folder / name for name in ("report.html", *contents, "trades.csv")}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    _write_trades(document["trades"], paths["trades.csv"])
    return paths


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _equity_csv(result: Result) -> str:
    """Columns time (ms UTC, close of the bar), equity (quote currency), drawdown (ratio, 0 at a peak)."""
    peak = np.maximum.accumulate(np.maximum(result.equity, capital_of(result)))
    columns = zip(result.time.tolist(), result.equity.tolist(), (1 - result.equity / peak).tolist(), strict=True)
    return "time,equity,drawdown\n" + "".join(f"{t},{e!r},{d!r}\n" for t, e, d in columns)


def _write_trades(rows: list[TradeRow], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(ROW_COLUMNS)
        writer.writerows([*(row[name] for name in ROW_COLUMNS[:-1]), " ".join(row["nodes"])] for row in rows)
