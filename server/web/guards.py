"""Who may call what.  `member_guard` stands before every route; `admin_only` before those of admins."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from server.accounts.identity import Identity
from server.errors import Forbidden, SignInNeeded

SCOPES = {
    "graphs:read": "look at graphs",
    "graphs:write": "create and change graphs",
    "candles:read": "look at candles",
    "candles:write": "import and fetch candles",
    "backtests:read": "look at back-tests",
    "backtests:write": "start, cancel and delete back-tests",
    "admin": "what admins may do (for admins only)",
}
ANY_SCOPE = "any"  # of a route that every valid token may call
PASSWORD_FIRST = "password_first"  # a route that works while a one-time password is to be changed


def admin_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Let admins through."""
    if not connection.user.is_admin:
        raise Forbidden("only admins may do this; ask one of them")


def member_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let through who is signed in, whose token has the scope, and who has a password of their own."""
    scope: Any = connection.scope
    failure = scope.get("identity_failure")
    if isinstance(failure, Exception) and not (handler.opt.get("public") and scope["method"] == "GET"):
        raise failure
    if handler.opt.get("public"):
        return
    identity: Identity | None = scope.get("auth")
    if identity is None:
        raise SignInNeeded("sign in first")
    if identity.token is not None:
        _check_scope(identity, handler.opt.get("scope"))
    elif identity.user.must_change and not handler.opt.get(PASSWORD_FIRST):
        raise PasswordFirst("choose a password of your own first, on the page /account")


def _check_scope(identity: Identity, scope: str | None) -> None:
    if scope is None:
        raise Forbidden("an API token cannot do this; sign in with a browser")
    if scope != ANY_SCOPE and scope not in (identity.user.scopes or ()):
        raise Forbidden(f"this API token may not do that: it lacks the scope {scope}")


class PasswordFirst(Forbidden):
    """A one-time password lets nobody further than to where it is changed."""

    code = "password_first"
