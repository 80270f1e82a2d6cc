"""Finds out who sends a request, before it is routed, so that even a page "not found" knows who reads it."""

import ipaddress
import logging
from http.cookies import CookieError, SimpleCookie
from typing import Any

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Receive, Scope, Send

from server.accounts.entrance import Entrance
from server.accounts.identity import Identity, Visit
from server.errors import SignInNeeded, Unavailable
from server.services import Services

COOKIE = "tradegraph_session"
_log = logging.getLogger("tradegraph.accounts")


class Identify:
    """An ASGI application around another: puts `user`, `auth`, `visit` and `live_after` into the scope."""

    def __init__(self, app: ASGIApp, services: Services, entrance: Entrance) -> None:
        self._app = app
        self._services = services
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and not scope["path"].startswith("/static/"):
            more: Any = scope  # of keys that the type does not know
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            more["visit"] = self._visit(scope, headers)
            scope["user"] = scope["auth"] = None
            try:
                await self._identify(more, headers)
            except SignInNeeded as error:
                more["identity_failure"] = error
            except Exception:  # whatever keeps the database from answering
                _log.exception("nobody can be recognised: the database does not answer", extra={"event": "no_identity"})
                failure = Unavailable("the database does not answer now; try again in a moment")
                more["identity_failure"] = failure
        await self._app(scope, receive, send)

    async def _identify(self, scope: Any, headers: dict[str, str]) -> None:
        identity = await self._find(headers)
        if identity is None:
            return
        scope["user"], scope["auth"] = identity.user, identity
        if identity.session is not None and _is_page(scope, headers):
            # Before the page reads anything: what happens from here on, it is told.
            scope["live_after"] = await self._services.live.last()

    async def _find(self, headers: dict[str, str]) -> Identity | None:
        if authorization := headers.get("authorization"):
            kind, _, token = authorization.partition(" ")
            found = await self._entrance.by_token(token.strip()) if kind.lower() == "bearer" else None
            if found is None:
                raise SignInNeeded("the API token is unknown, expired or revoked; make a new one on the page /account")
            return found
        cookie = _cookie(headers.get("cookie", ""))
        return await self._entrance.by_cookie(cookie) if cookie else None

    def _visit(self, scope: Scope, headers: dict[str, str]) -> Visit:
        client = scope.get("client")
        address = client[0] if client else ""
        if address in self._services.settings.trusted_proxies:
            address = _last(headers.get("x-forwarded-for", "")) or address
        return Visit(address, headers.get("user-agent", "")[:300])


def visit_of(request: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """Where a request comes from."""
    scope: Any = request.scope
    return scope["visit"]


def _last(forwarded: str) -> str:
    """What the proxy itself saw, which is the last of the list; what stands before it anybody can write."""
    text = forwarded.rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value[:200] if found else ""


def _is_page(scope: Scope, headers: dict[str, str]) -> bool:
    asked = scope.get("method") == "GET" and "hx-request" not in headers
    return asked and not scope["path"].startswith(("/api/", "/live", "/health", "/ready"))
