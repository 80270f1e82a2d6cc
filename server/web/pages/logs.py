"""`/logs`: the log, for admins."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Template

from server.instants import instant
from server.logs.levels import LEVELS, level_name
from server.people import User
from server.services import Services
from server.store.logs import LogFilter, LogLine
from server.web.api.logs import At, Text, level_number, page_of
from server.web.guards import admin_only
from server.web.rendering import page

ROWS = 100


class ShownLine(msgspec.Struct, frozen=True):
    """A line as the page shows it."""

    line: LogLine
    iso: str
    time: str
    level: str
    facts: str


@get("/logs", guards=[admin_only], include_in_schema=False)
async def logs_page(
    request: Request[User, Any, Any],
    services: NamedDependency[Services],
    level: Text = None,
    component: Text = None,
    text: Text = None,
    since: Annotated[str | None, QueryParameter(name="from", max_length=40)] = None,
    until: Annotated[str | None, QueryParameter(name="to", max_length=40)] = None,
    before: At = None,
) -> Template:
    """Newest lines first, a hundred a page."""
    wanted = LogFilter(
        level=level_number(level), component=component, text=text,
        since=instant(since, "from") if since else None, until=instant(until, "to") if until else None,
    )  # fmt: skip
    found = await page_of(services, wanted, before, ROWS)
    given = {"level": level, "component": component, "text": text, "from": since, "to": until}
    asked = {name: value or "" for name, value in given.items()}
    query = urlencode({name: value for name, value in asked.items() if value})
    return page(
        request,
        "pages/logs.html",
        section="logs",
        lines=[_shown(line) for line in found.items],
        asked=asked,
        filtered=bool(query),
        levels=list(LEVELS),
        components=await services.store.logs.components(),
        older=f"/logs?{query}&before={found.next}" if found.next else "",
        newest=f"/logs?{query}" if before else "",
    )


def _shown(line: LogLine) -> ShownLine:
    facts = msgspec.json.format(msgspec.json.encode(line.context), indent=2).decode() if line.context else ""
    at = datetime.fromtimestamp(line.at / 1000, UTC)
    return ShownLine(line, at.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S"), level_name(line.level), facts)


ROUTES: list[Any] = [logs_page]
