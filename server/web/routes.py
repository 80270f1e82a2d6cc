"""All routes: every module of pages and of the API has a list `ROUTES`."""

from importlib import import_module
from typing import Any

from server.web import openapi
from server.web.assets import static_file

PAGES = ("overview", "sessions", "account", "users", "settings", "logs", "graphs", "candles", "backtests", "backtest")
API = ("graphs", "candles", "backtests", "account", "settings", "logs", "live", "health")


def routes() -> list[Any]:
    """The handlers of the whole application."""
    names = [f"server.web.pages.{name}" for name in PAGES] + [f"server.web.api.{name}" for name in API]
    found = [import_module(name).ROUTES for name in names]
    return [static_file, *openapi.ROUTES, *(handler for handlers in found for handler in handlers)]
