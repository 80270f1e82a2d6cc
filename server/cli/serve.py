"""`tradegraph serve`: the pages and the API, until a signal ends it."""

import argparse
import asyncio
import socket
from collections.abc import Awaitable, Callable

from server.logs.levels import parse
from server.logs.terminal import configure
from server.services import Services
from server.settings import Settings, load
from server.web.app import create_app
from server.web.server import Asked, address, listen, serve
from server.wiring import assemble, running

Furnish = Callable[[Services], Awaitable[None]]


def run(options: argparse.Namespace, furnish: Furnish | None = None) -> int:
    """Serve with the settings of the environment, the file, and these options over both; `furnish` first."""
    settings = load(host=options.host, port=options.port, log=options.log)
    configure(parse(settings.log), settings.log_form)
    with listen(settings.host, settings.port) as listening:
        asyncio.run(_serve(settings, listening, furnish))
    return 0


async def _serve(settings: Settings, listening: socket.socket, furnish: Furnish | None) -> None:
    asked = Asked()
    with asked.listening():
        services = assemble(settings)
        once: list[str] = []
        async with running(services, once.append):
            try:
                if furnish is not None:
                    await furnish(services)
            finally:  # the password beside the address, where it is looked for
                for line in once:
                    tell(line)
            await serve(
                create_app(services), listening, asked, started=lambda: _invite(listening), ending=services.live.close
            )


def _invite(listening: socket.socket) -> None:
    tell(f"Tradegraph is at {address(listening)} (Ctrl-C ends it)")


def tell(text: str) -> None:
    """A line for whoever started it."""
    print(text, flush=True)
