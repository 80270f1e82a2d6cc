"""`/account`: one's password, sessions, API tokens and credentials."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from engine.errors import InputError
from server.accounts.entrance import Entrance
from server.accounts.options import HOUR_MS
from server.accounts.tokens import Wanted, issue
from server.errors import Conflict, TooMany
from server.people import User
from server.services import Services
from server.web.guards import PASSWORD_FIRST, SCOPES
from server.web.identity import visit_of
from server.web.pages.sessions import admitted
from server.web.rendering import page

_Asks = Request[User, Any, Any]
_FIRST = {PASSWORD_FIRST: True}
PROVIDERS = {"bybit": "Bybit", "openai": "OpenAI", "other": "Other"}
Short = Annotated[str, msgspec.Meta(max_length=80)]
Secret = Annotated[str, msgspec.Meta(max_length=4000)]


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True):
    """The present password and the new one."""

    present: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    new: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class CredentialForm(msgspec.Struct, frozen=True, kw_only=True):
    """A new credential."""

    name: Short = ""
    provider: Annotated[str, msgspec.Meta(max_length=40)] = ""
    secret: Secret = ""


class SecretForm(msgspec.Struct, frozen=True):
    """What takes the place of a secret."""

    secret: Secret = ""


async def shown(request: _Asks, services: Services, entrance: Entrance, status: int = 200, **more: Any) -> Template:
    """The page; `more` holds a `problem` and the part it is of, or a token to show once."""
    me, now, store = request.user, services.clock(), services.store
    idle = HOUR_MS * entrance.options.value("sign_in.idle_hours")
    context = {
        "sessions": await store.accounts.sessions.of_user(me.id, now, idle),
        "this_session": request.auth.session.digest,
        "tokens": await store.tokens.of_user(me.id),
        "credentials": await store.credentials.of_user(me.id),
        "scopes": {scope: text for scope, text in SCOPES.items() if scope != "admin" or me.is_admin},
        "longest": entrance.options.value("tokens.longest_days"),
        "providers": PROVIDERS, "now": now, "problem": "", "part": "", "new_token": "", "done": "",
    }  # fmt: skip
    return page(request, "pages/account.html", section="account", status=status, **{**context, **more})


@get("/account", opt=_FIRST, include_in_schema=False)
async def account_page(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], done: str = ""
) -> Template:
    """Everything that is one's own."""
    return await shown(request, services, entrance, done=_DONE.get(done, ""))


_DONE = {
    "password": "The password is changed; all other sessions have ended.",
    "session": "The session has ended.",
    "revoked": "The token is revoked.",
    "stored": "The credential is stored.",
    "deleted": "The credential is deleted.",
}


def _back(done: str) -> Redirect:
    return Redirect(f"/account?done={done}", status_code=303)


@post("/account/password", opt=_FIRST, include_in_schema=False)
async def change_password(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[PasswordForm],
) -> Response[Any]:
    """Another password, another session."""
    try:
        cookie = await entrance.change_password(request.auth, data.present, data.new, visit_of(request))
    except (InputError, TooMany) as error:
        status = getattr(error, "status", 400)
        return await shown(request, services, entrance, status, problem=str(error), part="password")
    return admitted(services, entrance, cookie, "/account?done=password")


@post("/account/sessions/{digest:str}/end", include_in_schema=False)
async def end_session(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], digest: str
) -> Response[Any]:
    """Sign another browser out."""
    await services.store.accounts.sessions.end(digest, request.user.id)
    await entrance.note("session_ended", request.user.id, request.user.name, visit_of(request))
    return _back("session")


@post("/account/tokens", include_in_schema=False)
async def make_token(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance]
) -> Template:
    """A new token: the page shows it this once."""
    form = await request.form()
    days = str(form.get("days", ""))
    wanted = Wanted(
        name=str(form.get("name", "")), scopes=tuple(str(one) for one in form.getall("scopes", [])),
        days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0,
    )  # fmt: skip
    try:
        _, secret = await issue(services, entrance, request.user, wanted, SCOPES, visit_of(request))
    except InputError as error:
        return await shown(request, services, entrance, 400, problem=str(error), part="tokens")
    return await shown(request, services, entrance, 201, new_token=secret)


@post("/account/tokens/{token_id:str}/revoke", include_in_schema=False)
async def revoke_token(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], token_id: str
) -> Response[Any]:
    """End a token."""
    token = await services.store.tokens.revoke(token_id, request.user.id, services.clock())
    await entrance.note("token_revoked", request.user.id, token.name, visit_of(request))
    return _back("revoked")


@post("/account/credentials", include_in_schema=False)
async def add_credential(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[CredentialForm],
) -> Response[Any]:
    """Store a secret; it is not shown again."""
    name = data.name.strip()
    try:
        if not name or not name.isprintable():
            raise InputError("a credential needs a name, so that you can tell it from others")
        if data.provider not in PROVIDERS:
            raise InputError(f"choose a provider: {', '.join(PROVIDERS.values())}")
        secret = _checked(data.secret)
        me = request.user
        await services.store.credentials.add(me.id, name, data.provider, secret, services.clock())
    except (Conflict, InputError) as error:
        status = getattr(error, "status", 400)
        return await shown(request, services, entrance, status, problem=str(error), part="credentials")
    await entrance.note("credential_stored", me.id, name, visit_of(request), provider=data.provider)
    return _back("stored")


@post("/account/credentials/{credential_id:str}/replace", include_in_schema=False)
async def replace_credential(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    credential_id: str,
    data: URLEncodedBody[SecretForm],
) -> Response[Any]:
    """Put another secret in place of the stored one."""
    secret, now = _checked(data.secret), services.clock()
    found = await services.store.credentials.replace(credential_id, request.user.id, secret, now)
    await entrance.note("credential_replaced", request.user.id, found.name, visit_of(request))
    return _back("stored")


@post("/account/credentials/{credential_id:str}/delete", include_in_schema=False)
async def delete_credential(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], credential_id: str
) -> Response[Any]:
    """Forget a secret."""
    found = await services.store.credentials.delete(credential_id, request.user.id)
    await entrance.note("credential_deleted", request.user.id, found.name, visit_of(request))
    return _back("deleted")


def _checked(secret: str) -> str:
    plain = secret.strip()
    if not plain:
        raise InputError("the secret is empty; paste what the provider gave you")
    return plain


ROUTES: list[Any] = [
    account_page, change_password, end_session, make_token, revoke_token, add_credential, replace_credential,
    delete_credential,
]  # fmt: skip
