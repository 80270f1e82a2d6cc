"""The web application: routes, guards, errors and headers put together."""

import contextlib
import hashlib
import hmac
import warnings
from collections.abc import AsyncGenerator, Generator
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.htmx import HTMXPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from server.accounts.entrance import Entrance
from server.logs.requests import RequestLog
from server.services import Services
from server.settings import secret_key
from server.web.assets import assets
from server.web.csrf import csrf_guard
from server.web.errors import answer
from server.web.guards import member_guard
from server.web.headers import Headers
from server.web.identity import Identify
from server.web.openapi import CONFIG
from server.web.rendering import environment
from server.web.routes import routes

LARGEST_BODY = 2**20  # bytes; a route that takes more says so


@contextlib.contextmanager
def _plain_parameters() -> Generator[None]:
    """Handlers write `limit: int = 100` for a parameter of the query, as every version 2 of Litestar reads it.

    2.25, which is pinned, says that version 3 will want more words; until then those would only be noise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def create_app(services: Services) -> Litestar:
    """The application on parts that run, or will when it starts (`server.wiring.running`)."""
    entrance = Entrance(services.store, services.clock)
    key = hmac.new(secret_key(services.settings.folder), b"tradegraph forms", hashlib.sha256).digest()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncGenerator[None]:
        await entrance.options.load(services.clock())
        yield

    with _plain_parameters():
        app = Litestar(
            route_handlers=routes(),
            dependencies={
                "services": Provide(lambda: services, sync_to_thread=False),
                "entrance": Provide(lambda: entrance, sync_to_thread=False),
            },
            guards=[member_guard, csrf_guard],
            exception_handlers={Exception: answer},
            template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment(assets()))),
            openapi_config=CONFIG,
            plugins=[HTMXPlugin()],
            state=State({"services": services, "csrf_key": key}),
            request_max_body_size=LARGEST_BODY,
            lifespan=[lifespan],
            logging_config=None,
        )
    inner: Any = app.asgi_handler
    # Outside of the routes, so that "not found" knows the user and has the headers as well.
    app.asgi_handler = RequestLog(Headers(Identify(inner, services, entrance), services.settings))
    return app
