"""`/settings`: what admins set; the form comes from the schema in `server/accounts/options.py`."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from server.accounts.entrance import Entrance
from server.accounts.options import OPTIONS, Option, numbers_of, problems_of
from server.people import User
from server.services import Services
from server.web.guards import admin_only
from server.web.identity import visit_of
from server.web.rendering import page

_Asks = Request[User, Any, Any]


def _groups() -> dict[str, list[Option]]:
    groups: dict[str, list[Option]] = {}
    for option in OPTIONS:
        groups.setdefault(option.category, []).append(option)
    return groups


def _shown(request: _Asks, values: dict[str, Any], problems: dict[str, str], status: int, *, done: bool) -> Template:
    return page(
        request, "pages/settings.html", section="settings", status=status, groups=_groups(), values=values,
        problems=problems, done=done,
    )  # fmt: skip


@get("/settings", guards=[admin_only], include_in_schema=False, sync_to_thread=False)
def settings_page(request: _Asks, entrance: NamedDependency[Entrance], done: bool = False) -> Template:
    """The values in force."""
    return _shown(request, entrance.options.all(), {}, 200, done=done)


@post("/settings", guards=[admin_only], include_in_schema=False)
async def change_settings(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance]
) -> Response[Any]:
    """Set what the form holds: all of it, or nothing and what is wrong with which field."""
    form = await request.form()
    values = numbers_of({option.key: form.get(option.key, "") for option in OPTIONS})
    problems = problems_of(values)
    if problems:
        return _shown(request, {**entrance.options.all(), **values}, problems, 400, done=False)
    await apply(services, entrance, values, request)
    return Redirect("/settings?done=true", status_code=303)


async def apply(services: Services, entrance: Entrance, values: dict[str, Any], request: _Asks) -> None:
    """Set checked values and note what changed."""
    for key, (before, after) in (await entrance.options.change(values, request.user.id, services.clock())).items():
        visit = visit_of(request)
        await entrance.note("setting_changed", request.user.id, key, visit, before=before, after=after)


ROUTES: list[Any] = [settings_page, change_settings]
