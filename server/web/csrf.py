"""Every unsafe request must prove that a page of ours sent it.

Signed in, the proof is the session's token.  Before, it is a token made from a cookie that only we can set.  Beside
that the browser itself must not say that another site sent the request.  Bearer tokens are no cookies: whoever has one
may use it from where they like.
"""

import hashlib
import hmac
import secrets
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler

from server.accounts.identity import Identity
from server.errors import Forbidden

FIELD, HEADER, COOKIE = "csrf_token", "x-csrf-token", "tradegraph_form"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = (RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)
_OLD = "this page is too old or was not sent by Tradegraph; load it again and repeat what you did"


def token_of(request: ASGIConnection[Any, Any, Any, Any]) -> str:
    """What the forms of a page must carry.  A visitor without a cookie for it gets one with the answer."""
    identity: Identity | None = request.scope.get("auth")
    if identity is not None:
        return identity.session.csrf if identity.session else ""
    cookie = request.cookies.get(COOKIE)
    if not cookie or len(cookie) < 20:
        cookie = request.scope["state"].setdefault("form_cookie", secrets.token_urlsafe(24))
    return _visitors(request, cookie)


def new_cookie(request: ASGIConnection[Any, Any, Any, Any], *, secure: bool) -> Cookie | None:
    """The cookie that `token_of` made up, to be set with the answer."""
    made = request.scope["state"].get("form_cookie")
    return Cookie(key=COOKIE, value=made, httponly=True, samesite="strict", secure=secure, path="/") if made else None


async def csrf_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse an unsafe request that no page of ours sent."""
    request = cast("Request[Any, Any, Any]", connection)
    identity: Identity | None = request.scope.get("auth")
    if request.method in _SAFE or (identity is not None and identity.token is not None):
        return
    if not _is_of_this_site(request):
        raise Forbidden("another site sent this request; open Tradegraph itself and repeat what you did there")
    given = request.headers.get(HEADER) or await _of_form(request)
    if identity is not None and identity.session is not None:
        expected = identity.session.csrf
    else:
        expected = _visitors(request, request.cookies.get(COOKIE) or "")
    if not given or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forbidden(_OLD)


def _is_of_this_site(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser says so, or says nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    own = {request.headers.get("host", ""), urlsplit(request.app.state.services.settings.base_url).netloc}
    return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc in own


async def _of_form(request: Request[Any, Any, Any]) -> str:
    if request.content_type[0] not in _FORMS:
        return ""
    given = (await request.form()).get(FIELD)
    return given if isinstance(given, str) else ""


def _visitors(request: ASGIConnection[Any, Any, Any, Any], cookie: str) -> str:
    """The token that belongs to a visitor's cookie; an empty cookie has one nobody can know."""
    key: bytes = request.app.state.csrf_key
    return hmac.new(key, (cookie or secrets.token_hex()).encode(), hashlib.sha256).hexdigest()
