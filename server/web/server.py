"""Serves the application by uvicorn: a clear word when the port is taken, and an end within seconds when asked."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any, cast

import uvicorn

from engine.errors import InputError

_REQUESTS = 2  # seconds that requests under way get when the server ends
_LONGEST = 10.0  # seconds after which an end that hangs is cut short
_log = logging.getLogger("tradegraph.server")


class Asked:
    """Whether a signal has asked the process to end.  Asking again changes nothing."""

    def __init__(self) -> None:
        self.yes = False

    @contextlib.contextmanager
    def listening(self) -> Generator[None]:
        """SIGINT and SIGTERM ask, for the time of the block, instead of ending the process at once."""
        loop = asyncio.get_running_loop()
        before = {
            number: signal.signal(number, lambda *_: self._ask(loop)) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.yes:
            self.yes = True
            loop.call_soon_threadsafe(loop.call_later, _LONGEST, _cut_off)


class _Server(uvicorn.Server):
    """A server that leaves signals to `Asked`, and whose live streams end first."""

    def __init__(self, config: uvicorn.Config, asked: Asked, started: Callable[[], None], ending: Callable[[], None]):
        super().__init__(config)
        self._asked, self._started, self._ending = asked, started, ending

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Nothing: signals are heard already."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell when requests are answered."""
        await super().startup(sockets)
        if self.started:
            self._started()

    async def on_tick(self, counter: int) -> bool:
        """Whether to end; asked ten times a second."""
        return await super().on_tick(counter) or self._asked.yes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams first: each would hold its connection open for ever."""
        _log.info("the server ends", extra={"event": "ending"})
        self._ending()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; port 0 is any free one.  Raises InputError if it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(cast("Any", address)[:2], family=family, backlog=256)
        # Connections inherit it.  asyncio sets it only on sockets of protocol TCP by name, which this is not, and an
        # answer in two pieces would wait 40 ms for the client's acknowledgement of the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise InputError(
            f"cannot listen on {host}:{port} ({reason}); end what uses it, or choose another --port"
        ) from None


def address(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


async def serve(
    app: Any, listening: socket.socket, asked: Asked, *, started: Callable[[], None], ending: Callable[[], None]
) -> None:
    """Serve until asked to end; call `started` when requests are answered, `ending` before they are waited for."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none", lifespan="on",
        timeout_graceful_shutdown=_REQUESTS,
    )  # fmt: skip
    server = _Server(config, asked, started, ending)
    await server.serve([listening])
    if not server.started:
        raise RuntimeError("the application did not start, see the log")


def _cut_off() -> None:
    """Some part hangs, and whoever asked the server to end would wait for ever."""
    _log.critical("the server did not end in %g s and is cut off", _LONGEST, extra={"event": "cut_off"})
    os._exit(1)
