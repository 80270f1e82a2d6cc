"""What a request handler may use: built once at start by `server/wiring.py`, handed to every route."""

from collections.abc import Callable

import msgspec

from server.backtests.service import Backtests
from server.candle_jobs import Fetches
from server.live import Live
from server.settings import Settings
from server.store.store import Store


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a running server."""

    settings: Settings
    store: Store
    live: Live
    backtests: Backtests
    fetches: Fetches
    clock: Callable[[], int]
