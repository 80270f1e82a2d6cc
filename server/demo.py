"""Something to look at in a new installation: sample candles and two finished back-tests, made once."""

import asyncio
import logging
from collections.abc import Callable

from engine.candles import Candles
from server.backtests.ask import Ask, MarketAsk
from server.people import User
from server.samples import sample_candles
from server.services import Services

GRAPHS = ("ema_cross", "donchian_breakout")
CAPITAL, POLICY = 10_000.0, "bybit_linear"
_WAIT = 0.1  # s between two looks whether a run has ended
_log = logging.getLogger("tradegraph.demo")


async def furnish(services: Services, tell: Callable[[str], None], *, online: bool) -> None:
    """Candles, and the back-tests of the first admin; nothing is made where a back-test or an admin of old is."""
    owner = await _owner(services)
    if owner is None or (await services.store.backtests.list(owner, limit=1)).items:
        return
    tell("Getting sample candles ...")
    candles = await sample_candles(services.store.database, online=online)
    tell(f"Back-testing {' and '.join(GRAPHS)} on {candles.symbol} {candles.timeframe} ({_kind(candles)}) ...")
    for graph in GRAPHS:
        market = MarketAsk(symbol=candles.symbol, timeframe=candles.timeframe)
        run = await services.backtests.submit(Ask(graph=graph, markets=[market], capital=CAPITAL, policy=POLICY), owner)
        await _ended(services, run, owner)


async def _owner(services: Services) -> User | None:
    """Whose the back-tests are: the admin of the first start."""
    for account in await services.store.accounts.all():
        if account.role == "admin" and account.active:
            return User(id=account.id, name=account.name, role="admin")
    return None


async def _ended(services: Services, run: str, owner: User) -> None:
    while True:
        found = await services.store.backtests.find(run, owner)
        if found.status not in ("queued", "running"):
            break
        await asyncio.sleep(_WAIT)
    if found.status != "done":
        _log.warning("the sample back-test of %s ended as %s", found.name, found.status, extra={"event": "demo"})


def _kind(candles: Candles) -> str:
    return "an invented market" if candles.synthetic else candles.origin
