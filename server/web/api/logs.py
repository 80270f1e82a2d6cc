"""`GET /api/logs`: log lines for admins."""

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from engine.errors import InputError
from server.logs.levels import LEVELS
from server.services import Services
from server.store.logs import LogFilter, LogLine
from server.web.guards import admin_only

MOST = 500


class LogPage(msgspec.Struct, frozen=True):
    """Newest first; `next` is the `before` of the page after this one, None at the end."""

    items: list[LogLine]
    next: int | None


Text = Annotated[str | None, QueryParameter(max_length=200)]
At = Annotated[int | None, QueryParameter(ge=0, le=2**62)]


@get(
    "/api/logs", guards=[admin_only], opt={"scope": "admin"}, summary="Log lines, newest first", tags=["logs"],
)  # fmt: skip
async def list_logs(
    services: NamedDependency[Services],
    level: Text = None,
    component: Text = None,
    text: Text = None,
    since: At = None,
    until: At = None,
    before: At = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = 100,
) -> LogPage:
    """Lines of a level or worse, of a component, with a text, between two instants (ms UTC)."""
    wanted = LogFilter(level=level_number(level), component=component, text=text, since=since, until=until)
    return await page_of(services, wanted, before, limit)


async def page_of(services: Services, wanted: LogFilter, before: int | None, limit: int) -> LogPage:
    """One page of lines."""
    found = await services.store.logs.find(wanted, before=before, limit=limit + 1)
    items = found[:limit]
    return LogPage(items, items[-1].id if len(found) > limit else None)


def level_number(name: str | None) -> int | None:
    """The number of a level's name.  Raises InputError."""
    if not name:
        return None
    if name.lower() not in LEVELS:
        raise InputError(f"there is no log level {name!r}; the levels are {', '.join(LEVELS)}")
    return LEVELS[name.lower()]


ROUTES: list[Any] = [list_logs]
