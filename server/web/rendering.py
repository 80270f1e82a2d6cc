"""Pages and partials: Jinja with nothing undefined, and what every page knows."""

from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request
from litestar.response import Template
from markupsafe import Markup, escape

from server.web.assets import Assets
from server.web.csrf import FIELD, token_of
from server.web.filters import FILTERS

TEMPLATES = Path(__file__).parents[2] / "templates"


@lru_cache(maxsize=4)
def environment(assets: Assets) -> Environment:
    """The environment of all pages."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(FILTERS)
    cast("dict[str, Any]", made.globals).update(static=assets.address, csrf_field=_csrf_field)
    return made


@pass_context
def _csrf_field(context: Context) -> Markup:
    """The hidden field that every form with method post must have."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, escape(context["csrf_token"]))


def page(
    request: Request[Any, Any, Any], template: str, *, section: str = "", status: int = 200, **context: Any
) -> Template:
    """A whole page; its template extends `layout.html`."""
    return _rendered(request, template, status, {"section": section, **context})


def partial(request: Request[Any, Any, Any], template: str, *, status: int = 200, **context: Any) -> Template:
    """A part of a page, to be put into one that stands."""
    return _rendered(request, template, status, context)


def _rendered(request: Request[Any, Any, Any], template: str, status: int, context: dict[str, Any]) -> Template:
    base = {
        "user": request.scope.get("user"),
        "csrf_token": token_of(request),
        "path": request.url.path,
        "section": "",
        "live_after": request.scope.get("live_after", 0),
    }
    return Template(template, context={**base, **context}, media_type="text/html", status_code=status)
