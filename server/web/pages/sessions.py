"""`/sign-in`, `/sign-up`, `/sign-out`: the door."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import Parameter, URLEncodedBody
from litestar.response import Redirect, Template

from engine.errors import InputError
from server.accounts.entrance import Entrance
from server.accounts.options import DAY_MS
from server.errors import Conflict, Forbidden, TooMany
from server.people import User
from server.services import Services
from server.web.csrf import new_cookie
from server.web.guards import PASSWORD_FIRST
from server.web.identity import COOKIE, visit_of
from server.web.rendering import page

_Asks = Request[User | None, Any, Any]
Next = Annotated[str, Parameter(max_length=2000)]
_PUBLIC = {"public": True}


class DoorForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the forms to sign in and up send."""

    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    next: Annotated[str, msgspec.Meta(max_length=2000)] = ""


@get("/sign-in", opt=_PUBLIC, include_in_schema=False, sync_to_thread=False)
def sign_in_page(request: _Asks, services: NamedDependency[Services], next: Next = "") -> Response[Any]:
    """The form; who is signed in goes on."""
    if request.user is not None:
        return Redirect(local(next), status_code=303)
    return door(request, services, "pages/sign_in.html", next=local(next))


@post("/sign-in", opt=_PUBLIC, include_in_schema=False, status_code=303)
async def sign_in(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[DoorForm],
) -> Response[Any]:
    """Sign in, and on to where somebody wanted to go.  A session that was there before ends."""
    try:
        cookie, account = await entrance.sign_in(data.name, data.password, visit_of(request))
    except (Forbidden, TooMany) as error:
        return refused(request, services, "pages/sign_in.html", error, data)
    await _leave(request, entrance)
    return admitted(services, entrance, cookie, "/account" if account.must_change else local(data.next))


@get("/sign-up", opt=_PUBLIC, include_in_schema=False, sync_to_thread=False)
def sign_up_page(request: _Asks, services: NamedDependency[Services]) -> Response[Any]:
    """The form for those an admin has invited."""
    if request.user is not None:
        return Redirect("/", status_code=303)
    return door(request, services, "pages/sign_up.html", next="/")


@post("/sign-up", opt=_PUBLIC, include_in_schema=False, status_code=303)
async def sign_up(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[DoorForm],
) -> Response[Any]:
    """Use an invitation."""
    try:
        cookie = await entrance.sign_up(data.name, data.password, visit_of(request))
    except (Conflict, Forbidden, InputError, TooMany) as error:
        return refused(request, services, "pages/sign_up.html", error, data)
    await _leave(request, entrance)
    return admitted(services, entrance, cookie, "/")


@post("/sign-out", opt={PASSWORD_FIRST: True}, include_in_schema=False, status_code=303)
async def sign_out(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance]
) -> Response[Any]:
    """End this session."""
    await entrance.sign_out(request.auth, visit_of(request))
    answer: Response[Any] = Redirect("/sign-in", status_code=303)
    answer.cookies.append(session_cookie(services, "", 0))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


async def _leave(request: _Asks, entrance: Entrance) -> None:
    if request.auth is not None:
        await entrance.sign_out(request.auth, visit_of(request))


def door(request: _Asks, services: Services, template: str, *, status: int = 200, **context: Any) -> Template:
    """A page of the door, with the cookie that its form needs."""
    shown = page(request, template, section="", status=status, **{"problem": "", "name": "", **context})
    cookie = new_cookie(request, secure=services.settings.is_https)
    if cookie:
        shown.cookies.append(cookie)
    return shown


def refused(request: _Asks, services: Services, template: str, error: Any, data: DoorForm) -> Response[Any]:
    """The form again, with the reason; the password is not repeated."""
    status = getattr(error, "status", 400)
    shown = door(
        request, services, template, status=status, problem=str(error), name=data.name[:80], next=local(data.next)
    )
    if isinstance(error, TooMany):
        shown.headers["Retry-After"] = str(error.retry_after)
    return shown


def admitted(services: Services, entrance: Entrance, cookie: str, target: str) -> Response[Any]:
    """On to a page, with the cookie of a new session."""
    answer: Response[Any] = Redirect(target, status_code=303)
    age = entrance.options.value("sign_in.longest_days") * DAY_MS // 1000
    answer.cookies.append(session_cookie(services, cookie, age))
    return answer


def session_cookie(services: Services, value: str, max_age: int) -> Cookie:
    """The cookie of a session: no script reads it, no other site sends it with a form."""
    return Cookie(
        key=COOKIE, value=value, max_age=max_age, path="/", httponly=True, samesite="lax",
        secure=services.settings.is_https,
    )  # fmt: skip


def local(target: str) -> str:
    """A path of this server, whatever was asked for."""
    plain = target.strip()
    parts = urlsplit(plain) if plain.isprintable() and "\\" not in plain else None
    if parts is None or parts.scheme or parts.netloc or not plain.startswith("/") or plain.startswith("//"):
        return "/"
    return "/" if parts.path.startswith(("/sign-", "/api/")) else plain


ROUTES: list[Any] = [sign_in_page, sign_in, sign_up_page, sign_up, sign_out]
