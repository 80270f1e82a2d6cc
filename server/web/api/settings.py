"""`/api/settings`: what admins set."""

from typing import Any

import msgspec
from litestar import Request, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.accounts.entrance import Entrance
from server.accounts.options import OPTIONS, Option, problems_of
from server.errors import Refusal
from server.people import User
from server.services import Services
from server.web.guards import admin_only
from server.web.pages.settings import apply

_OPTIONS: dict[str, Any] = {"guards": [admin_only], "opt": {"scope": "admin"}, "tags": ["settings"]}


class Setting(msgspec.Struct, frozen=True):
    """A setting and its value."""

    option: Option
    value: int


class SettingList(msgspec.Struct, frozen=True):
    """All settings."""

    items: list[Setting]


class Unfit(Refusal):
    """Values that cannot be set; `details` say which and why."""

    code = "input"

    def __init__(self, problems: dict[str, str]) -> None:
        self.details = [{"message": text, "where": key} for key, text in problems.items()]
        super().__init__("nothing was changed: " + "; ".join(problems.values()))


def _all(entrance: Entrance) -> SettingList:
    return SettingList([Setting(option, entrance.options.value(option.key)) for option in OPTIONS])


@get("/api/settings", summary="Settings of the installation", sync_to_thread=False, **_OPTIONS)
def list_settings(entrance: NamedDependency[Entrance]) -> SettingList:
    """Each with its unit, bounds and meaning."""
    return _all(entrance)


@patch("/api/settings", summary="Change settings", **_OPTIONS)
async def change_settings(
    request: Request[User, Any, Any],
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    data: JSONBody[dict[str, int]],
) -> SettingList:
    """Values by key: all are set, or none."""
    problems = problems_of(data)
    if problems:
        raise Unfit(problems)
    await apply(services, entrance, data, request)
    return _all(entrance)


ROUTES: list[Any] = [list_settings, change_settings]
