"""`/`: what a person sees after signing in."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Template

from server.people import User
from server.services import Services
from server.web import overview
from server.web.filters import STAGES
from server.web.rendering import page, partial

_RUNS, _DONE = 6, 50  # back-tests shown, and those that the first steps look at
_OWN, _TEMPLATES = 4, 4  # graphs shown
_Asks = Request[User, Any, Any]


@get("/", include_in_schema=False)
async def overview_page(request: _Asks, services: NamedDependency[Services]) -> Template:
    """Back-tests, graphs, candles, first steps."""
    store, viewer = services.store, request.user
    own = (await store.graphs.list(viewer, built_in=False, limit=_OWN)).items
    built_in = overview.beginners_first((await store.graphs.list(viewer, built_in=True)).items)
    candles = await store.candles.list()
    done = (await store.backtests.list(viewer, status="done", limit=_DONE)).items
    return page(
        request,
        "pages/overview.html",
        section="overview",
        **await _runs(services, viewer),
        stages=STAGES,
        steps=overview.steps(done, own, bool(candles)),
        own=await overview.starts(services, viewer, own),
        templates=await overview.starts(services, viewer, built_in[:_TEMPLATES]),
        candles=overview.stored_words(candles),
        health=await overview.health(services) if viewer.is_admin else None,
    )


@get("/overview/runs", include_in_schema=False)
async def runs_part(request: _Asks, services: NamedDependency[Services]) -> Template:
    """The back-tests of the page, to put in when one has begun or ended."""
    return partial(request, "partials/overview_runs.html", **await _runs(services, request.user))


async def _runs(services: Services, viewer: User) -> dict[str, Any]:
    rows = services.store.backtests
    active = (await rows.list(viewer, status="active", limit=_RUNS)).items
    newest = (await rows.list(viewer, limit=_RUNS + len(active))).items
    return {"active": active, "runs": [run for run in newest if not run.active][:_RUNS]}


ROUTES: list[Any] = [overview_page, runs_part]
