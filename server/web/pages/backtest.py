"""`/backtests/{id}`: a back-test while it runs, and its workbench when it is done."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import Parameter
from litestar.response import Template

from server.drawing import draw
from server.errors import NotFound
from server.graph_checks import graph_of, registry, report_of
from server.people import User
from server.report.packing import segments
from server.services import Services
from server.web.backtest_view import controls, equity_words, facts
from server.web.rendering import page
from server.web.workbench import calls_of, nodes_of, types_of

FIRST_TRADES = 50  # in the page itself, for those without scripts
Asked = Request[User, Any, Any]
_IN = {"section": "backtests"}


@get("/backtests/{backtest_id:str}", include_in_schema=False)
async def backtest_page(
    request: Asked,
    services: NamedDependency[Services],
    backtest_id: str,
    market: Annotated[int, Parameter(ge=0, le=10_000)] = 0,
) -> Template:
    """Its progress until it is done, then figures, graph, candles and trades."""
    found = await services.store.backtests.find(backtest_id, request.user)
    if found.status != "done":
        return page(request, "pages/backtest_waiting.html", backtest=found, **_IN)
    markets = len(found.result["data"])
    if market >= markets:
        raise NotFound(f"This back-test has {markets} market{'s' if markets > 1 else ''}; there is no market {market}.")
    told = await _told(services, request.user, found, market)
    graph = await asyncio.to_thread(_of_graph, found.document)
    data = told.pop("data") | graph.pop("data") | {"market": market, "id": found.id, "title": found.name}
    return page(request, "pages/backtest.html", **told, **graph, data=data, market=market, **_IN)
