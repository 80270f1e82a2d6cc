"""A result as plain data: trades as rows and the document that `backtest --json` prints (DESIGN 12)."""

import math
from typing import Any

import msgspec
import numpy as np

from engine.metric_definitions import DEFINITIONS
from engine.result import EXIT_REASONS, Result

TradeRow = dict[str, Any]

# Columns of a row, in order.  Prices, fees, funding and pnl in quote currency, instants in ms UTC.
ROW_COLUMNS = (
    "symbol",
    "side",  # "long" or "short"
    "quantity",  # largest size held, base currency
    "decision_time",  # close of the bar that decided the entry
    "entry_time",  # opening of the bar of the (first) fill
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",  # one of engine.result.EXIT_REASONS
    "fees",  # paid
    "funding",  # received (+) or paid (-)
    "pnl",  # net of fees and funding
    "pnl_percent",  # of the entry notional
    "stop",  # first stop, None = none
    "target",
    "last_stop",  # stop in force at the end
    "confidence",
    "ambiguous",  # True if the exit depends on the assumed path inside a bar
    "nodes",  # ids of the deciding nodes
)
_OPTIONAL = ("stop", "target", "last_stop", "confidence")
_COPIED = ("quantity", "entry_time", "entry_price", "exit_time", "exit_price", "fees", "funding", "pnl")


def trade_rows(result: Result) -> list[TradeRow]:
    """One dict per trade with the keys of `ROW_COLUMNS`; numbers are plain Python, unknown is None."""
    trades = result.trades
    symbols = [info.symbol for info in result.data]
    columns: dict[str, list[Any]] = {name: trades[name].tolist() for name in _COPIED}
    for name in _OPTIONAL:
        columns[name] = [None if math.isnan(v) else v for v in trades[name].tolist()]
    columns["symbol"] = [symbols[i] for i in trades["symbol"].tolist()]
    columns["side"] = ["long" if side > 0 else "short" for side in trades["side"].tolist()]
    columns["exit_reason"] = [EXIT_REASONS[i] for i in trades["reason"].tolist()]
    columns["decision_time"] = result.time[trades["decision_bar"]].tolist()
    columns["ambiguous"] = [value != 0 for value in trades["ambiguous"].tolist()]
    columns["pnl_percent"] = _percent(columns)
    columns["nodes"] = _deciding(result)
    return [
        dict(zip(ROW_COLUMNS, row, strict=True)) for row in zip(*(columns[name] for name in ROW_COLUMNS), strict=True)
    ]


def _deciding(result: Result) -> list[list[str]]:
    """Ids of the nodes that decided each trade; empty where the run kept no trace."""
    out: list[list[str]] = [[] for _ in range(len(result.trades))]
    names = [info.leg_of or info.symbol for info in result.data]
    owner = np.array([names.index(name) for name in names])[result.trades["symbol"]]  # the market that decided
    for symbol, trace in enumerate(result.traces):
        rows = np.flatnonzero(owner == symbol)
        decided = trace.deciding(result.time[result.trades["decision_bar"][rows]])
        for row, nodes in zip(rows.tolist(), decided, strict=True):
            out[row] = nodes
    return out


def _percent(columns: dict[str, list[Any]]) -> list[float | None]:
    """Profit in percent of the entry notional, q of docs/metrics.md."""
    rows = zip(columns["pnl"], columns["entry_price"], columns["quantity"], strict=True)
    return [100 * pnl / (price * size) if price * size else None for pnl, price, size in rows]


def identity(result: Result) -> dict[str, Any]:
    """Everything needed to run it again and to see that it is the same: graph, data, policy, settings, figures."""
    return {
        "graph": msgspec.to_builtins(result.graph),
        "logic_hash": result.logic_hash,
        "data": msgspec.to_builtins(result.data),
        "policy": result.policy,
        "policy_id": result.policy_id,
        "settings": result.settings,
        "notes": list(result.notes),
        "rejected": result.rejected,
        "metrics": result.metrics,
        "pessimistic": {"metrics": result.pessimistic},
        "definitions": {name: DEFINITIONS[name].id for name in result.metrics if name in DEFINITIONS},
    }


def result_document(result: Result) -> dict[str, Any]:
    """The whole result but its equity curve and candles, ready for JSON."""
    return identity(result) | {"trades": trade_rows(result), "seconds": result.seconds}
