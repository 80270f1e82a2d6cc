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
from server.services import Services
from server.store.backtests import StoredBacktest
from server.store.outcome import unpacked_json
from server.web.backtest_view import controls, equity_words, facts
from server.web.filters import STAGES
from server.web.rendering import page
from server.web.trade_file import trades_csv
from server.web.workbench import calls_of, nodes_of, types_of

FIRST_TRADES = 50  # in the page itself, for those without scripts
_ALL = 2**31 - 1  # trades in a file
_CURVES = ("equity.json", "months.json")
Asked = Request[User, Any, Any]
Market = Annotated[int, Parameter(ge=0, le=10_000, description="which market of the run, from 0")]
Level = Annotated[str, Parameter(max_length=1000, description="the flat id of a sub-graph node, empty = the graph")]


@get("/backtests/{backtest_id:str}", include_in_schema=False)
async def backtest_page(
    request: Asked, services: NamedDependency[Services], backtest_id: str, market: Market = 0
) -> Template:
    """Its progress until it is done, then figures, graph, candles and trades."""
    found = await services.store.backtests.find(backtest_id, request.user)
    if found.result is None:
        return page(request, "pages/backtest_waiting.html", section="backtests", backtest=found, stages=STAGES)
    markets = found.result["markets"]
    if market >= len(markets):
        raise NotFound(f"This back-test has no market {market}; its markets are numbered from 0 to {len(markets) - 1}.")
    told = await _stored(services, request.user, found)
    drawn = await asyncio.to_thread(_of_graph, found.document)
    data = drawn.pop("data") | _for_scripts(found, market, told["kept"])
    return page(
        request, "pages/backtest.html", section="backtests", backtest=found, market=market, data=data,
        **told, **drawn, **facts(found.result), **controls(len(markets)),
    )  # fmt: skip


@get("/backtests/{backtest_id:str}/graph", include_in_schema=False)
async def backtest_graph(
    request: Asked, services: NamedDependency[Services], backtest_id: str, level: Level = ""
) -> Response[str]:
    """The drawing of one level of the graph as it ran."""
    found = await services.store.backtests.find(backtest_id, request.user)
    drawn = await asyncio.to_thread(_drawn, found.document, level)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"})


@get("/backtests/{backtest_id:str}/graph.json", include_in_schema=False)
async def backtest_document(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Response[str]:
    """The graph as it ran, as a file."""
    found = await services.store.backtests.find(backtest_id, request.user)
    return _file(found.document, "application/json", f"graph-{found.logic_hash[:12]}.json")


@get("/backtests/{backtest_id:str}/trades.csv", include_in_schema=False)
async def backtest_trades(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Response[str]:
    """All trades as a file."""
    rows, viewer = services.store.backtests, request.user
    found = await rows.find(backtest_id, viewer)
    trades = await rows.trades(found.id, viewer, limit=_ALL)
    text = await asyncio.to_thread(trades_csv, [trade.row | {"number": trade.number} for trade in trades])
    return _file(text, "text/csv", f"trades-{found.id}.csv")


@get("/backtests/{backtest_id:str}/report.html", include_in_schema=False)
async def backtest_report(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Response[bytes]:
    """The whole result as one file that opens anywhere; the run is made again for it."""
    page = await services.backtests.report(backtest_id, request.user)
    return _file(page, "text/html", f"report-{backtest_id}.html")


def _file[Content: (str, bytes)](text: Content, kind: str, name: str) -> Response[Content]:
    return Response(text, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _drawn(document: str, level: str) -> str:
    return draw(graph_of(document), registry(), path=level, report=report_of(document))


def _of_graph(document: str) -> dict[str, Any]:
    """What the page shows of the graph; takes a while for a large one."""
    graph, nodes = graph_of(document), nodes_of(graph_of(document))
    data = {"nodes": nodes, "types": types_of(nodes, registry()), "calls": calls_of(graph, registry())}
    return {"drawing": _drawn(document, ""), "data": data}


async def _stored(services: Services, viewer: User, found: StoredBacktest) -> dict[str, Any]:
    """What is read from other tables: curve, months, the first trades, whether there is a trace."""
    rows, result = services.store.backtests, found.result or {}
    columns = {name: unpacked_json(data) for name, data in (await rows.columns(found.id, viewer, _CURVES)).items()}
    kept = await rows.trace_size(found.id, viewer)
    first = await rows.trades(found.id, viewer, limit=FIRST_TRADES)
    return {
        "kept": kept > 0,
        "trace_bytes": kept,
        "months": columns["months.json"],
        "equity_words": equity_words(columns["equity.json"], result["metrics"].get("max_drawdown")),
        "capital": columns["equity.json"]["capital"],
        "trades": [trade.row | {"number": trade.number} for trade in first],
        "trade_count": result["trades"],
    }


def _for_scripts(found: StoredBacktest, market: int, kept: bool) -> dict[str, Any]:
    markets: list[dict[str, Any]] = (found.result or {})["markets"]
    here = markets[market]
    return {
        "id": found.id, "title": found.name, "market": market, "kept": kept, "symbol": here["symbol"],
        "symbols": [one["symbol"] for one in markets],
        "clock": {"bar_ms": here["bar_ms"], "segments": here["segments"]},
    }  # fmt: skip


ROUTES: list[Any] = [backtest_page, backtest_graph, backtest_document, backtest_trades, backtest_report]
