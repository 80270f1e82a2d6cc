"""`/health`: the process is up.  `/ready`: it can work.  Public, for whatever watches over the server."""

import asyncio
import logging
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from server.services import Services
from server.store.upgrade import pending

_PATIENCE = 3.0  # seconds
_log = logging.getLogger("tradegraph.health")


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "up"


class Readiness(msgspec.Struct, frozen=True):
    """Every part that a request needs, and whether it is well."""

    ready: bool
    database: bool
    migrated: bool
    worker: bool


@get("/health", opt={"public": True}, summary="Is the process up?", sync_to_thread=False)
def health() -> Health:
    """Always 200 while the process answers."""
    return Health()


@get("/ready", opt={"public": True}, summary="Can the server work?")
async def ready(services: NamedDependency[Services]) -> Response[Readiness]:
    """200 when the database answers, its tables are up to date and the back-test worker lives; else 503."""
    database = migrated = False
    try:
        async with asyncio.timeout(_PATIENCE):
            migrated = not await pending(services.store.database)
            database = True
    except Exception as error:  # whatever it is, the answer is "not ready"
        _log.warning("not ready: %s", error, extra={"event": "not_ready"})
    worker = services.backtests.alive
    told = Readiness(database and migrated and worker, database, migrated, worker)
    return Response(told, status_code=200 if told.ready else 503)


ROUTES: list[Any] = [health, ready]
