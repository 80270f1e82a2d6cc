"""Puts the parts of a server together: the one place that chooses adapters, and the order of start and end."""

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable

from sqlalchemy.exc import DBAPIError

from engine.errors import EngineError, InputError
from server.accounts.entrance import Entrance
from server.accounts.options import DAY_MS, Options
from server.backtests.service import Backtests
from server.candle_jobs import Fetches
from server.clock import now
from server.live import Live
from server.logs.writer import LogWriter
from server.services import Services
from server.settings import Settings, secret_key
from server.store.database import Database, database_url
from server.store.graphs import seed_built_ins
from server.store.lease import Lease
from server.store.store import Store
from server.store.upgrade import upgrade

_log = logging.getLogger("tradegraph.server")


def assemble(settings: Settings) -> Services:
    """The parts, not started yet.  Raises InputError if the data folder cannot be used."""
    key = secret_key(settings.folder)
    store = Store(Database(database_url(settings.database, settings.folder)), key)
    live = Live(store.events, now)
    backtests = Backtests(store=store, live=live, clock=now)
    fetches = Fetches(store.candles, store.instruments, live, clock=now)
    return Services(settings=settings, store=store, live=live, backtests=backtests, fetches=fetches, clock=now)


@contextlib.asynccontextmanager
async def running(services: Services, tell: Callable[[str], None] = print) -> AsyncGenerator[None]:
    """Start the parts in order, and end them in reverse.

    `tell` gets what must be seen once: the one-time password of the first admin.  Raises InputError.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(services.store.close)
        lease = Lease(services.store.database)
        stack.push_async_callback(lease.release)
        await _open(services, lease)
        options = Options(services.store.settings)
        await options.load(services.clock())
        await _first_account(services, tell)
        await seed_built_ins(services.store)
        await services.store.audit.prune(services.clock() - DAY_MS * options.value("keep.audit_days"))
        await services.live.keep(DAY_MS * options.value("keep.event_days"))
        writer = LogWriter(services.store.logs, keep_ms=DAY_MS * options.value("keep.log_days"))
        logging.getLogger().addHandler(writer)
        writer.start()
        stack.push_async_callback(writer.stop)
        stack.callback(logging.getLogger().removeHandler, writer)
        await services.backtests.start()
        stack.push_async_callback(services.backtests.stop)
        stack.push_async_callback(services.fetches.close)
        stack.callback(services.live.close)
        _log.info("the server has started", extra={"event": "started"})
        yield


@contextlib.asynccontextmanager
async def build(settings: Settings, tell: Callable[[str], None] = print) -> AsyncGenerator[Services]:
    """The parts, started for the time of the block."""
    services = assemble(settings)
    async with running(services, tell):
        yield services


async def _open(services: Services, lease: Lease) -> None:
    """Take the database for this server alone, and bring it up to date."""
    database = services.store.database
    try:
        await lease.take()
        for revision in await upgrade(database):
            _log.info("database upgraded to %s", revision, extra={"event": "upgraded"})
    except EngineError:
        raise
    except (DBAPIError, OSError, ValueError) as error:  # drivers have no common root of what goes wrong
        reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        where = database.url.render_as_string(hide_password=True)
        place = "TRADEGRAPH_HOME" if database.is_sqlite else "DATABASE_URL"
        raise InputError(f"the database {where} cannot be used ({reason}); check {place} and start again") from None


async def _first_account(services: Services, tell: Callable[[str], None]) -> None:
    """A new installation gets an admin; one that other machines can reach must have one already."""
    settings = services.settings
    if settings.is_public:
        if not await services.store.accounts.any():
            raise InputError(
                f"host {settings.host} is open to other machines and there is no account yet: run `tradegraph user add"
                " NAME --admin` first, or start on 127.0.0.1"
            )
        return
    made = await Entrance(services.store, services.clock).first_admin()
    if made:
        account, password = made
        tell(f"First start: sign in as {account.name} with the one-time password {password} (it is shown only now).")
