"""The whole memory of Tradegraph behind one name."""

from server.store.accounts import Accounts
from server.store.audit import Audit
from server.store.backtests import BacktestRows
from server.store.candles import CandleSeries
from server.store.credentials import Credentials
from server.store.database import Database
from server.store.events import Events
from server.store.graphs import Graphs
from server.store.instruments import Instruments
from server.store.logs import Logs
from server.store.settings import StoredSettings
from server.store.tokens import Tokens


class Store:
    """All repositories on one database.  `secret_key` encrypts the credentials at rest."""

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self.database = database
        self.accounts = Accounts(database)
        self.audit = Audit(database)
        self.backtests = BacktestRows(database)
        self.candles = CandleSeries(database)
        self.credentials = Credentials(database, secret_key)
        self.events = Events(database)
        self.graphs = Graphs(database)
        self.instruments = Instruments(database)
        self.logs = Logs(database)
        self.settings = StoredSettings(database)
        self.tokens = Tokens(database)

    async def close(self) -> None:
        """Give all connections back."""
        await self.database.close()
