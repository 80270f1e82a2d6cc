"""`/users` and `/audit`: who may come in, and what was done; for admins."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import Parameter, URLEncodedBody
from litestar.response import Redirect, Template

from engine.errors import InputError
from server.accounts.entrance import Entrance, checked_name
from server.errors import Conflict, NotFound
from server.people import Role, User
from server.services import Services
from server.web.guards import admin_only
from server.web.identity import visit_of
from server.web.rendering import page

_Asks = Request[User, Any, Any]
_GUARD = [admin_only]
_ROWS = 100


class InviteForm(msgspec.Struct, frozen=True):
    """Whom to let in."""

    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    role: Role = "user"


class WithdrawForm(msgspec.Struct, frozen=True):
    """Which invitation to take back."""

    key: Annotated[str, msgspec.Meta(max_length=80)] = ""


class ChangeForm(msgspec.Struct, frozen=True):
    """What an account is to be."""

    role: Role
    active: Literal["yes", "no"]


async def _shown(request: _Asks, services: Services, status: int = 200, **more: Any) -> Template:
    accounts = services.store.accounts
    context = {"people": await accounts.all(), "invitations": await accounts.invitations(), "problem": "", "name": "",
               "one_time": None}  # fmt: skip
    return page(request, "pages/users.html", section="users", status=status, **{**context, **more})


@get("/users", guards=_GUARD, include_in_schema=False)
async def users_page(request: _Asks, services: NamedDependency[Services]) -> Template:
    """Accounts and invitations."""
    return await _shown(request, services)


@post("/users/invite", guards=_GUARD, include_in_schema=False)
async def invite(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[InviteForm],
) -> Response[Any]:
    """Put a name on the list of those who may sign up."""
    try:
        name = checked_name(data.name)
        await services.store.accounts.invite(name, data.role, request.user.id, services.clock())
    except (Conflict, InputError) as error:
        return await _shown(request, services, getattr(error, "status", 400), problem=str(error), name=data.name)
    await entrance.note("invited", request.user.id, name, visit_of(request), role=data.role)
    return Redirect("/users", status_code=303)


@post("/users/withdraw", guards=_GUARD, include_in_schema=False)
async def withdraw(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: URLEncodedBody[WithdrawForm],
) -> Response[Any]:
    """Take an invitation back."""
    await services.store.accounts.withdraw(data.key)
    await entrance.note("invitation_withdrawn", request.user.id, data.key, visit_of(request))
    return Redirect("/users", status_code=303)


@post("/users/{user_id:str}/change", guards=_GUARD, include_in_schema=False)
async def change(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    user_id: str,
    data: URLEncodedBody[ChangeForm],
) -> Response[Any]:
    """Another role; close an account or open it again."""
    active = data.active == "yes"
    try:
        account = await services.store.accounts.change(user_id, role=data.role, active=active)
    except Conflict as error:
        return await _shown(request, services, error.status, problem=str(error))
    if not active:
        await services.store.accounts.sessions.end_all(user_id)
    visit = visit_of(request)
    await entrance.note("user_changed", request.user.id, account.name, visit, role=data.role, active=active)
    return Redirect("/users", status_code=303)


@post("/users/{user_id:str}/reset-password", guards=_GUARD, include_in_schema=False)
async def reset_password(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], user_id: str
) -> Response[Any]:
    """A one-time password: the page shows it this once."""
    if user_id == request.user.id:
        problem = "your own password is changed on the page /account"
        return await _shown(request, services, 409, problem=problem)
    account, password = await entrance.reset_password(user_id, request.user, visit_of(request))
    return await _shown(request, services, 201, one_time={"name": account.name, "password": password})


@get("/audit", guards=_GUARD, include_in_schema=False)
async def audit_page(
    request: _Asks,
    services: NamedDependency[Services],
    before: Annotated[int | None, Parameter(ge=1, le=2**62)] = None,
    action: Annotated[str, Parameter(max_length=60)] = "",
) -> Template:
    """What was done, the newest first."""
    actions = await services.store.audit.actions()
    if action and action not in actions:
        raise NotFound(f"nothing called {action!r} was ever noted")
    found = await services.store.audit.page(before, action or None, _ROWS + 1)
    lines = [(entry, _facts(entry.detail)) for entry in found[:_ROWS]]
    older = f"/audit?before={found[_ROWS - 1].id}" if len(found) > _ROWS else ""
    older += f"&action={action}" if older and action else ""
    return page(
        request, "pages/audit.html", section="audit", lines=lines, actions=actions, action=action, older=older,
        newest="/audit" if before else "",
    )  # fmt: skip


def _facts(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {_plain(value)}" for name, value in detail.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


ROUTES: list[Any] = [users_page, invite, withdraw, change, reset_password, audit_page]
