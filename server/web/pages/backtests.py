"""`/backtests`: the list, the form that starts one, its progress, and several side by side."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import Parameter
from litestar.response import Redirect, Template

from engine.errors import InputError
from engine.matching.policy import POLICIES
from server.errors import Conflict
from server.graph_checks import graph_of
from server.people import User
from server.services import Services
from server.store.backtests import StoredBacktest
from server.store.outcome import unpacked_json
from server.web import backtest_form as forms
from server.web.backtest_compare import HEIGHT, MOST, WIDTH, Changed, cautions, changed, compared, picture
from server.web.rendering import page, partial

PAGE = 25  # back-tests on a page
_ALL = 100_000  # trades that are compared
STATUSES = ("active", "done", "failed", "cancelled", "interrupted")
Asked = Request[User, Any, Any]
Words = Annotated[str, Parameter(max_length=60)]
_IN: dict[str, Any] = {"section": "backtests"}


# --- the list ---------------------------------------------------------------------------------------------------------


@get("/backtests", include_in_schema=False)
async def list_page(
    request: Asked, services: NamedDependency[Services], graph: Words = "", status: Words = "", after: Words = "",
    compare: Words = "",
) -> Template:  # fmt: skip
    """Own back-tests, newest first; `compare` is one that is to be compared with others."""
    rows, viewer = services.store.backtests, request.user
    found = await rows.list(viewer, graph=graph, status=status if status in STATUSES else "", after=after, limit=PAGE)
    asked = {"graph": graph, "status": status, "after": after, "compare": compare}
    return page(
        request, "pages/backtests.html", runs=found.items, next=found.next, graphs=await rows.graphs(viewer),
        statuses=STATUSES, asked=asked, filtered=bool(graph or status or after), **_IN,
    )  # fmt: skip


@get("/backtests/{backtest_id:str}/progress", include_in_schema=False)
async def progress_part(
    request: Asked, services: NamedDependency[Services], backtest_id: str
) -> Response[Any] | Template:
    """How far it is; when it is done the page is loaded again and shows the result."""
    found = await services.store.backtests.find(backtest_id, request.user)
    if found.status == "done":
        return Response(b"", media_type="text/html", headers={"HX-Refresh": "true"})
    return partial(request, "partials/backtest_progress.html", backtest=found)


# --- a new one --------------------------------------------------------------------------------------------------------


@get("/backtests/new", include_in_schema=False)
async def new_page(request: Asked, services: NamedDependency[Services]) -> Template:
    """The form, filled in with the address, an older back-test (`from`), or what is sensible."""
    older = str(request.query_params.get("from") or "")[:60]
    form = forms.filled(request.query_params)
    if older:
        form = forms.from_run(await services.store.backtests.find(older, request.user))
    return page(request, "pages/backtests_new.html", **await _form(services, request.user, form), **_IN)


@get("/backtests/new/check", include_in_schema=False)
async def check_part(request: Asked, services: NamedDependency[Services]) -> Template:
    """What is to be said of the values that stand in the form now."""
    told = await _form(services, request.user, forms.filled(request.query_params))
    return partial(request, "partials/backtest_check.html", **told)


@post("/backtests", include_in_schema=False)
async def start(request: Asked, services: NamedDependency[Services]) -> Redirect:
    """Starts it and shows how far it is."""
    made = await services.backtests.submit(forms.ask_of(forms.filled(await request.form())), request.user)
    return Redirect(f"/backtests/{made}", status_code=303)


async def _form(services: Services, viewer: User, form: forms.Filled) -> dict[str, Any]:
    store = services.store
    series = forms.candles_to_choose(await store.candles.list())
    own = (await store.graphs.list(viewer, built_in=False, limit=200)).items
    built_in = (await store.graphs.list(viewer, built_in=True, limit=200)).items
    known = {graph.id for graph in (*own, *built_in)}
    if form.graph not in known and (own or built_in):
        form.graph = form.graph or (own or built_in)[0].id
    if not form.markets:
        form.markets = forms.first_choice(series)
    told: dict[str, Any] = {
        "form": form,
        "own": own,
        "built_in": built_in,
        "series": series,
        "policies": list(POLICIES),
    }
    fees, rules = forms.rules_of(form.policy, form.rules)
    if not form.graph:
        return told | {"parameters": [], "fees": fees, "rules": rules, "preview": None}
    number = int(form.revision) if form.revision.isascii() and form.revision.isdigit() else None
    document = (await store.graphs.revision(form.graph, viewer, number)).document
    graph = await asyncio.to_thread(graph_of, document)
    parameters = forms.parameters_of(graph, form.params)
    shown = await asyncio.to_thread(forms.preview, document, form, series) if series else None
    return told | {"parameters": parameters, "fees": fees, "rules": rules, "preview": shown}


# --- side by side -----------------------------------------------------------------------------------------------------


@get("/backtests/compare", include_in_schema=False)
async def compare_page(
    request: Asked,
    services: NamedDependency[Services],
    ids: Annotated[list[str] | None, Parameter(query="id", max_items=MOST)] = None,
) -> Template:
    """Curves, figures and changed trades of two or more."""
    chosen = list(dict.fromkeys(ids or []))
    if len(chosen) < 2:
        raise InputError("choose at least two back-tests to compare, on the page /backtests")
    rows, viewer = services.store.backtests, request.user
    runs = [await rows.find(one, viewer) for one in chosen]
    waiting = next((run for run in runs if run.result is None), None)
    if waiting:
        raise Conflict(f"{waiting.name} is not done ({waiting.status}), so it cannot be compared yet")
    curves = [unpacked_json((await rows.columns(run.id, viewer, ["equity.json"]))["equity.json"]) for run in runs]
    names = [f"{chr(65 + at)}: {run.name}" for at, run in enumerate(runs)]
    trades = [[t.row | {"number": t.number} for t in await rows.trades(run.id, viewer, limit=_ALL)] for run in runs[:2]]
    shown: Changed = await asyncio.to_thread(changed, *trades)
    drawn = await asyncio.to_thread(picture, names, curves)
    return page(
        request, "pages/backtests_compare.html", runs=runs, names=names, picture=drawn, width=WIDTH, height=HEIGHT,
        figures=compared([run.result or {} for run in runs]), changed=shown, cautions=cautions(runs),
        diff=_diff(runs), same_logic=len({run.logic_hash for run in runs[:2]}) == 1, **_IN,
    )  # fmt: skip


def _diff(runs: Sequence[StoredBacktest]) -> str:
    """Where the graphs of the first two are compared, empty where they are not revisions of one graph."""
    one, other = runs[:2]
    if not one.graph_id or one.graph_id != other.graph_id or one.revision == other.revision:
        return ""
    return f"/graphs/{one.graph_id}/diff?from={one.revision}&to={other.revision}"


# --- what a form does -------------------------------------------------------------------------------------------------


@post("/backtests/{backtest_id:str}/cancel", include_in_schema=False)
async def cancel_form(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Redirect:
    """Ends it at once."""
    await services.backtests.cancel(backtest_id, request.user)
    return Redirect(f"/backtests/{backtest_id}", status_code=303)


@post("/backtests/{backtest_id:str}/delete", include_in_schema=False)
async def delete_form(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Redirect:
    """Removes it with all that belongs to it."""
    await services.store.backtests.delete(backtest_id, request.user)
    return Redirect("/backtests", status_code=303)


@post("/backtests/{backtest_id:str}/drop-trace", include_in_schema=False)
async def drop_trace_form(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Redirect:
    """Removes what the wires carried."""
    await services.store.backtests.drop_trace(backtest_id, request.user)
    return Redirect(f"/backtests/{backtest_id}", status_code=303)


ROUTES: list[Any] = [
    list_page, progress_part, new_page, check_part, start, compare_page, cancel_form, delete_form, drop_trace_form,
]  # fmt: skip
