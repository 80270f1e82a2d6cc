"""The whole memory of Tradegraph behind one name."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from server.store.database import Database
from server.store.events import Events
from server.store.logs import Logs

_REPOSITORIES = {
    "accounts": "Accounts", "audit": "Audit", "settings": "StoredSettings", "tokens": "Tokens", "graphs": "Graphs",
    "candles": "CandleSeries", "instruments": "Instruments", "backtests": "BacktestRows", "credentials": "Credentials",
}  # fmt: skip


class Store:
    """All repositories on one database.  `secret_key` encrypts the credentials at rest."""

    accounts: Any
    tokens: Any
    credentials: Any
    settings: Any
    audit: Any
    graphs: Any
    candles: Any
    instruments: Any
    backtests: Any

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self.database = database
        self.events = Events(database)
        self.logs = Logs(database)
        for name, kind in _REPOSITORIES.items():
            if find_spec(f"server.store.{name}"):
                build = getattr(import_module(f"server.store.{name}"), kind)
                setattr(self, name, build(database, secret_key) if name == "credentials" else build(database))

    async def close(self) -> None:
        """Give all connections back."""
        await self.database.close()
