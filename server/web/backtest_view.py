"""What the page of a finished back-test says: figures with their meaning, months, facts and warnings."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from engine.result import Result
from server.report import figures

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STEPS = (("trade", "trade"), ("signal", "call for an entry"), ("bar", "bar"))  # what is stepped by, and its title
_BELOW = ("sortino", "sqn")  # of the headline figures: two rows of them would push the workbench off the screen
TRADE_COLUMNS = (
    ("number", "#", ""),
    ("symbol", "Market", ""),
    ("side", "Side", ""),
    ("entry_time", "Entry (UTC)", ""),
    ("entry_price", "at", "figure"),
    ("exit_time", "Exit (UTC)", ""),
    ("exit_price", "at", "figure"),
    ("exit_reason", "Exit by", ""),
    ("pnl", "Profit", "figure"),
    ("pnl_percent", "Profit %", "figure"),
)


class Measured(msgspec.Struct, frozen=True):
    """The figures of a stored result, as `server.report.figures` reads them."""

    metrics: Mapping[str, Any]
    pessimistic: Mapping[str, Any]
    data: tuple[Any, ...]


class _Market(msgspec.Struct, frozen=True):
    symbol: str


def facts(result: Mapping[str, Any]) -> dict[str, Any]:
    """Figures, warnings and settings of a stored result (the shape of `engine.trade_rows.identity`)."""
    measured = Measured(
        result["metrics"], result["pessimistic"]["metrics"], tuple(_Market(one["symbol"]) for one in result["data"])
    )
    told = cast(Result, measured)  # the figures are all that is read of it
    shown = figures.figures(told)
    return {
        "figures": shown,
        "headline": [one for one in figures.headline(shown) if one.name not in _BELOW],
        "path_dependent": figures.path_dependent(told),
        "twin_return": figures.show("total_return", measured.pessimistic.get("total_return")),
        "quote": figures.quote_currency(told),
        "synthetic": any(one["synthetic"] for one in result["data"]),
        "markets": result["data"],
        "notes": result["notes"],
        "rejected": result["rejected"],
        "policy": figures.words(result["policy"]),
        "policy_id": result["policy_id"],
        "settings": figures.words(result["settings"]),
        "logic_hash": result["logic_hash"],
        "month_names": MONTHS,
    }


def controls(markets: int) -> dict[str, Any]:
    """Buttons and columns of the page."""
    return {
        "steps": STEPS,
        "trade_columns": [column for column in TRADE_COLUMNS if column[0] != "symbol" or markets > 1],
    }


def equity_words(equity: Mapping[str, Any], drawdown: float | None) -> str:
    """The curve in words, for those who cannot see it."""
    values = equity["eq"]
    low, high = min(equity.get("lo", values)), max(equity.get("hi", values))
    return (
        f"Equity goes from {equity['capital']:,.2f} to {values[-1]:,.2f}, between {low:,.2f} and {high:,.2f}; "
        f"deepest drawdown "
        f"{figures.show('max_drawdown', drawdown)}."
    )
