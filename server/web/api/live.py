"""`GET /live`: what happens, as server-sent events with ids, so that a browser that was away catches up."""

import logging
import time
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import InputError
from server.people import User
from server.services import Services
from server.store.events import Event

LONGEST = 300.0  # seconds; the browser comes back by itself, and then has to be signed in still
_log = logging.getLogger("tradegraph.live")


@get("/live", include_in_schema=False)
async def live(
    request: Request[User, Any, Any], services: NamedDependency[Services], after: int | None = None
) -> ServerSentEvent:
    """The events of the user after the last one they have seen: `Last-Event-ID`, else `after`, else from now on."""
    seen = request.headers.get("last-event-id") or after
    events = services.live.stream(request.user.id, None if seen is None else _number(seen))
    return ServerSentEvent(_messages(events))


async def _messages(events: AsyncGenerator[Event | None]) -> AsyncGenerator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data=None, comment="here", retry=1000)
    began = time.monotonic()
    try:
        async for event in events:
            yield _message(event)
            if time.monotonic() - began > LONGEST:
                return
    except (SQLAlchemyError, OSError) as error:  # the browser asks again, from the last id it got
        _log.warning("a live stream ended: the database does not answer (%s)", error, extra={"event": "live_ended"})
    finally:
        await events.aclose()


def _message(event: Event | None) -> ServerSentEventMessage:
    if event is None:
        return ServerSentEventMessage(data=None, comment="still here")
    text = msgspec.json.encode({"topic": event.topic, "at": event.at, "data": event.data}).decode()
    return ServerSentEventMessage(data=text, id=event.id)


def _number(text: str | int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise InputError("Last-Event-ID must be the id of an event, as it came with the event")
    return number


ROUTES: list[Any] = [live]
