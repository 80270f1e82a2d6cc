"""Gives every request an id, which its log lines, its answer's header and its errors carry, and logs how it went."""

import logging
import time

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.ids import new_id
from server.logs.context import request_id

_log = logging.getLogger("tradegraph.requests")


class RequestLog:
    """An ASGI application around another: outermost, so that what no route answers is logged too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = new_id()
        began = time.perf_counter()
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", number.encode())]
            await send(message)

        token = request_id.set(number)
        try:
            await self._app(scope, receive, told)
        finally:
            milliseconds = 1000 * (time.perf_counter() - began)
            _log.log(_level(scope["path"], status), "%s %s %d in %.0f ms", scope["method"], scope["path"], status,
                     milliseconds)  # fmt: skip
            request_id.reset(token)


def _level(path: str, status: int) -> int:
    """Files of the pages are of no interest; faults are logged where they happen, with their stack."""
    return logging.DEBUG if status < 400 and path.startswith(("/static/", "/health", "/ready")) else logging.INFO
