"""Figures and tables of a report as the words a reader sees."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.metric_definitions import DEFINITIONS, Definition
from engine.result import EXIT_REASONS, Result

HEADLINE = (
    "total_return",
    "cagr",
    "max_drawdown",
    "sharpe",
    "sortino",
    "profit_factor",
    "win_rate",
    "avg_trade_percent",
    "sqn",
    "trades",
)
# Ratios that people read in percent; those with a sign show it.
_AS_PERCENT = {
    "volatility", "max_drawdown", "max_drawdown_daily", "win_rate", "exposure_time", "psr", "kelly",
}  # fmt: skip
_SIGNED_PERCENT = {"total_return", "cagr", "buy_hold_return"}
_SIGNED = {"expectancy", "avg_trade", "avg_win", "avg_loss"}
_GOOD_OR_BAD = _SIGNED_PERCENT | _SIGNED | {"expectancy_percent", "avg_trade_percent", "sharpe", "sortino", "sqn"}
UNDEFINED = "n/a"


class Figure(msgspec.Struct, frozen=True):
    """One key figure with its pessimistic twin; `tone` is "up", "down" or "", `flips`: the twin has turned bad."""

    name: str
    definition: Definition
    value: str
    twin: str
    tone: str
    flips: bool


class Group(msgspec.Struct, frozen=True):
    """Trades that share an exit reason, a side or a market."""

    name: str
    trades: int
    share: str
    win_rate: str
    pnl: str
    average: str
    tone: str


def figures(result: Result) -> list[Figure]:
    """All figures of a result in the order of the definitions."""
    return [_figure(result, name) for name in DEFINITIONS if name in result.metrics]


def headline(all_figures: list[Figure]) -> list[Figure]:
    """The few that stand on top."""
    by_name = {figure.name: figure for figure in all_figures}
    return [by_name[name] for name in HEADLINE if name in by_name]


def _figure(result: Result, name: str) -> Figure:
    value, twin = result.metrics[name], result.pessimistic.get(name)
    tone = ""
    if name in _GOOD_OR_BAD and value:
        tone = "up" if value > 0 else "down"
    flips = tone == "up" and twin is not None and twin < 0
    return Figure(name, DEFINITIONS[name], show(name, value), show(name, twin), tone, flips)


def show(name: str, value: float | int | bool | None) -> str:
    """A metric as text with its unit, n/a if undefined."""
    if value is None:
        return UNDEFINED
    unit = DEFINITIONS[name].unit
    if unit == "flag":
        return "yes" if value else "no"
    if unit == "ms":
        return span(int(value))
    if unit == "count":
        return f"{value:,}"
    if name in _SIGNED_PERCENT:
        return f"{100 * value:+,.2f} %"
    if name in _AS_PERCENT:
        return f"{100 * value:,.2f} %"
    if unit == "percent":
        return f"{value:.2f} %" if name == "ulcer_index" else f"{value:+,.3f} %"
    return f"{value:+,.2f}" if name in _SIGNED else f"{value:,.2f}"


def span(milliseconds: int) -> str:
    """A length of time in its two largest units: "3 d 4 h"."""
    minutes = milliseconds // 60_000
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days >= 100:
        return f"{days:,} d"
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def words(mapping: dict[str, Any]) -> dict[str, str]:
    """Settings as text: no trailing ".0", no Python words."""

    def word(value: Any) -> str:
        if value is None:
            return "not set"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:,.12g}"
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    return {name: word(value) for name, value in mapping.items()}


def utc(instant: int) -> str:
    """An instant as people read it; UTC is said once, in the heading."""
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def path_dependent(result: Result) -> bool:
    """True if the sign of the total return differs between the run and its stop-first twin."""
    one, other = result.metrics.get("total_return"), result.pessimistic.get("total_return")
    return one is not None and other is not None and (one > 0) != (other > 0)


def quote_currency(result: Result) -> str:
    """Quote currency read off the symbols ("BTCUSDT" trades in USDT), else the word "quote"."""
    for name in ("USDT", "USDC", "USD", "EUR"):
        if result.data and all(info.symbol.upper().endswith(name) for info in result.data):
            return name
    return "quote"


def groups(result: Result) -> dict[str, list[Group]]:
    """Trades by exit reason, by side and, if there are several, by market."""
    symbols = [info.symbol for info in result.data]
    named: dict[str, tuple[str, Callable[[int], str]]] = {
        "By exit reason": ("reason", lambda i: EXIT_REASONS[i].replace("_", " ")),
        "By side": ("side", lambda i: "long" if i > 0 else "short"),
    }
    if len(symbols) > 1:
        named["By market"] = ("symbol", lambda i: symbols[i])
    return {title: _grouped(result.trades, column, name) for title, (column, name) in named.items()}


def _grouped(trades: NDArray[np.void], column: str, name: Callable[[int], str]) -> list[Group]:
    keys, counts = np.unique(trades[column], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [_group(trades[trades[column] == key], len(trades), name(int(key))) for key in keys[order]]


def _group(part: NDArray[np.void], total: int, name: str) -> Group:
    pnl = part["pnl"]
    percent = 100 * pnl / (part["entry_price"] * part["quantity"])
    return Group(
        name=name,
        trades=len(part),
        share=f"{100 * len(part) / total:.1f} %",
        win_rate=f"{100 * np.count_nonzero(pnl > 0) / len(part):.1f} %",
        pnl=f"{pnl.sum():+,.2f}",
        average=f"{percent.mean():+,.3f} %",
        tone="up" if pnl.sum() > 0 else "down",
    )


def graph_lines(graph: Any) -> list[str]:
    """The graph as text: nodes with parameters and incoming wires, sources first, then the graphs it embeds."""
    nodes = {node["id"]: node for node in graph.get("nodes", [])}
    wires: dict[str, list[str]] = {name: [] for name in nodes}
    for edge in graph.get("edges", []):
        target, _, port = edge["to"].partition(".")
        wires.setdefault(target, []).append(f"{port} = {edge['from']}")
    lines: list[str] = []
    for name in _in_order(nodes, graph.get("edges", [])):
        node = nodes[name]
        params = ", ".join(f"{key} {value}" for key, value in node.get("params", {}).items())
        muted = "" if node.get("mode", "on") == "on" else f"  [{node['mode']}]"
        lines.append(f"{name}: {node['type']} v{node['version']}{f' ({params})' if params else ''}{muted}")
        lines += [f"    {wire}" for wire in wires[name]]
    for name, definition in graph.get("subgraphs", {}).items():
        lines += [f"sub-graph {name}:", *(f"    {line}" for line in graph_lines(definition))]
    return lines


def _in_order(nodes: dict[str, Any], edges: list[Any]) -> list[str]:
    """Node names so that a node stands below what it reads; cycles are broken where they begin."""
    needs: dict[str, list[str]] = {name: [] for name in nodes}
    for edge in edges:
        source, target = edge["from"].partition(".")[0], edge["to"].partition(".")[0]
        if source in nodes and target in nodes:
            needs[target].append(source)
    done: dict[str, None] = {}
    left = list(nodes)
    while left:
        ready = [name for name in left if all(source in done for source in needs[name])] or left[:1]
        done |= dict.fromkeys(ready)
        left = [name for name in left if name not in done]
    return list(done)
