"""The OpenAPI document at /api/openapi.json, and a page that shows it without anything from elsewhere."""

from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.response import Template
from litestar.router import Router
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler

from server.people import User
from server.web.errors import ErrorBody
from server.web.guards import ANY_SCOPE, SCOPES
from server.web.identity import COOKIE
from server.web.rendering import page

VERSION = "1"
_DESCRIPTION = (
    "Everything the pages do. Programs send an API token (`Authorization: Bearer tg_…`, made on the page /account);"
    " every operation names the scope it needs. Instants are milliseconds UTC. Every answer that is not a success has"
    " the body `ErrorBody`."
)
_TAGS = {
    "account": "Who asks, and their tokens",
    "backtests": "Start back-tests and read everything about them",
    "candles": "Stored candles, imports and fetches",
    "graphs": "Graphs, their revisions and drafts",
    "nodes": "The catalogue of node types",
    "settings": "Settings of the installation, for admins",
    "logs": "The log, for admins",
    "server": "Whether the server is well",
}


class _NoRoutes(Router):
    """Keeps the framework from serving pages of its own, which load scripts from elsewhere and have other errors."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Take no route."""
        return []


CONFIG = OpenAPIConfig(
    title="Tradegraph",
    version=VERSION,
    description=_DESCRIPTION,
    tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
    components=Components(
        security_schemes={
            "session": SecurityScheme(type="apiKey", name=COOKIE, security_scheme_in="cookie"),
            "token": SecurityScheme(type="http", scheme="bearer", description="an API token, tg_…"),
        }
    ),
    security=[{"token": []}, {"session": []}],
    use_handler_docstrings=True,
    render_plugins=[JsonRenderPlugin()],
    openapi_router=_NoRoutes("/api", route_handlers=[]),
)


def document(app: Litestar) -> dict[str, Any]:
    """The document of an application, with our errors in place of the framework's."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    (_,), schemas = msgspec.json.schema_components([ErrorBody], ref_template="#/components/schemas/{name}")
    made["components"].setdefault("schemas", {}).update(schemas)
    refused = {
        "description": "Refused; the error says why",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
    }
    scopes = _scopes(app)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            answers = {code: told for code, told in operation["responses"].items() if code < "400"}
            operation["responses"] = {**answers, "4XX": refused, "5XX": refused}
            is_public, scope = scopes[path, method.upper()]
            if is_public:
                operation["security"] = []
            elif scope is None:
                operation["security"] = [{"session": []}]
            elif scope != ANY_SCOPE:
                operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`.".strip()
                operation["x-scope"] = scope
    return made


def _scopes(app: Litestar) -> dict[tuple[str, str], tuple[bool, str | None]]:
    found: dict[tuple[str, str], tuple[bool, str | None]] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in handler.http_methods:
                found[route.path_format, method] = (bool(handler.opt.get("public")), handler.opt.get("scope"))
    return found


@cache
def _encoded(app: Litestar) -> bytes:
    return msgspec.json.encode(document(app))


@get("/api/openapi.json", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[User, Any, Any]) -> Response[bytes]:
    """The document."""
    return Response(_encoded(request.app), media_type="application/json")


@get("/api/docs", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def docs(request: Request[User, Any, Any]) -> Template:
    """The document for people."""
    made = document(request.app)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in sorted(made["paths"].items()):
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["server"])[0]
            groups.setdefault(tag, []).append({"path": path, "method": method.upper(), **operation})
    return page(
        request, "pages/api_docs.html", section="api", document=made, groups=sorted(groups.items()), tags=_TAGS,
        scopes=SCOPES,
    )  # fmt: skip


ROUTES: list[Any] = [openapi, docs]
