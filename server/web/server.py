"""Serves the application by uvicorn: a clear word when the port is taken, and an end within seconds when asked."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, cast

import uvicorn

from engine.errors import InputError

_REQUESTS = 2  # seconds that requests under way get when the server ends
_PARTS = 8.0  # seconds after which an end that hangs is cut short
_log = logging.getLogger("tradegraph.server")


class _Server(uvicorn.Server):
    """A server whose live streams end first, and that a second signal does not disturb while it ends."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending
        self._asked = False

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """SIGINT and SIGTERM end the server, and the process then ends by itself with 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; asking again changes nothing, asking during the start ends it when it has started."""
        self._asked = True

    async def on_tick(self, counter: int) -> bool:
        """Whether to end."""
        return await super().on_tick(counter) or self._asked

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams first: each would hold its connection open for ever."""
        _log.info("the server ends")
        self._ending()
        try:
            async with asyncio.timeout(_PARTS):
                await super().shutdown(sockets)
        except TimeoutError:
            _log.error("a part of the server did not end in %g s and is cut off", _PARTS, extra={"event": "cut_off"})


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; port 0 is any free one.  Raises InputError if it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(cast("Any", address)[:2], family=family, backlog=256)
    except OSError as error:
        raise InputError(
            f"cannot listen on {host}:{port} ({error.strerror or error}); end what uses it, or choose another --port"
        ) from None


def address(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def serve(app: Any, listening: socket.socket, ending: Callable[[], None]) -> bool:
    """Serve until a signal, then call `ending` before requests are waited for.  False = it never began."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none", lifespan="on",
        timeout_graceful_shutdown=_REQUESTS,
    )  # fmt: skip
    server = _Server(config, ending)
    with listening:
        asyncio.run(server.serve([listening]))
    return server.started
