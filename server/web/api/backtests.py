"""`/api/backtests`: start back-tests, follow them, and read everything about those that are done."""

import asyncio
import gzip
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from server.backtests.ask import Ask
from server.backtests.tables import PIECE, columns_of
from server.backtests.wires import CHUNK, chunk_length, told
from server.errors import Conflict, NotFound
from server.people import User
from server.services import Services
from server.store.backtests import StoredBacktest
from server.store.outcome import unpacked_json
from server.web.api.backtest_bodies import (
    BacktestFacts,
    BacktestList,
    BacktestView,
    BarReasons,
    CandleWindow,
    Curve,
    Dropped,
    MonthList,
    Submitted,
    TraceChunk,
    TradeList,
    TradeView,
    WireList,
    facts_of,
    view_of,
)

MOST_CANDLES = 5_000  # rows of one answer
_READ, _WRITE, _TAGS = {"scope": "backtests:read"}, {"scope": "backtests:write"}, ["backtests"]
_SMALL = 2_000  # bytes below which compressing costs more than it saves
Asked = Request[User, Any, Any]
Words = Annotated[str, Parameter(max_length=60)]
Market = Annotated[int, Parameter(ge=0, le=10_000)]
Row = Annotated[int, Parameter(ge=0, le=2**31 - 1)]
Wanted = Literal["", "queued", "running", "done", "failed", "cancelled", "interrupted", "active"]
_VARY = [ResponseHeader(name="Vary", value="Accept-Encoding", documentation_only=True)]


def _answers(kind: Any) -> dict[str, Any]:
    """What the OpenAPI document says of an answer that is written here, off the event loop."""
    spec = ResponseSpec(data_container=kind, description="As asked", generate_examples=False)
    return {"responses": {200: spec}, "response_headers": _VARY}


async def json_answer(request: Asked, made: Any) -> Response[bytes]:
    """JSON bytes, or what `made` gives in a thread; compressed if the client can read that and it pays."""

    def encoded() -> tuple[bytes, dict[str, str]]:
        value = made() if callable(made) else made
        data = value if isinstance(value, bytes) else msgspec.json.encode(value)
        headers = {"Vary": "Accept-Encoding"}
        if len(data) > _SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            data, headers["Content-Encoding"] = gzip.compress(data, 1, mtime=0), "gzip"
        return data, headers

    data, headers = await asyncio.to_thread(encoded)
    return Response(data, media_type="application/json", headers=headers)


@post("/api/backtests", opt=_WRITE, summary="Start a back-test", tags=_TAGS)
async def submit(request: Asked, services: NamedDependency[Services], data: JSONBody[Ask]) -> Submitted:
    """Checks the graph for these candles and puts the run into the queue; the live channel tells how it goes on."""
    return Submitted(await services.backtests.submit(data, request.user), "queued")


@get("/api/backtests", opt=_READ, summary="Back-tests, newest first", tags=_TAGS)
async def list_backtests(
    request: Asked,
    services: NamedDependency[Services],
    graph: Words = "",
    status: Wanted = "",
    after: Words = "",
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> BacktestList:
    """Own back-tests; `status` "active" is waiting or running."""
    found = await services.store.backtests.list(request.user, graph=graph, status=status, after=after, limit=limit)
    return BacktestList([facts_of(head) for head in found.items], found.next)


@get("/api/backtests/{backtest_id:str}", opt=_READ, summary="A back-test with all its figures", tags=_TAGS)
async def read(request: Asked, services: NamedDependency[Services], backtest_id: str) -> BacktestView:
    """Everything but its trades, candles and trace, which have addresses of their own."""
    rows = services.store.backtests
    found = await rows.find(backtest_id, request.user)
    return view_of(found, await rows.trace_size(backtest_id, request.user))


@delete("/api/backtests/{backtest_id:str}", opt=_WRITE, summary="Delete a back-test", tags=_TAGS)
async def remove(request: Asked, services: NamedDependency[Services], backtest_id: str) -> None:
    """With all that belongs to it; one that is under way has to be cancelled first."""
    await services.store.backtests.delete(backtest_id, request.user)


@post("/api/backtests/{backtest_id:str}/cancel", opt=_WRITE, status_code=200, summary="Cancel a back-test", tags=_TAGS)
async def cancel(request: Asked, services: NamedDependency[Services], backtest_id: str) -> BacktestFacts:
    """Ends it at once, waiting or running; nothing of it is kept but that it was cancelled."""
    return facts_of(await services.backtests.cancel(backtest_id, request.user))


@delete(
    "/api/backtests/{backtest_id:str}/trace", opt=_WRITE, status_code=200, summary="Drop a trace", tags=_TAGS
)  # fmt: skip
async def drop_trace(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Dropped:
    """Removes what the wires carried; figures, trades and candles stay."""
    return Dropped(await services.store.backtests.drop_trace(backtest_id, request.user))


# --- trades -----------------------------------------------------------------------------------------------------------


@get("/api/backtests/{backtest_id:str}/trades", opt=_READ, summary="Trades in order of exit", tags=_TAGS)
async def trades(
    request: Asked,
    services: NamedDependency[Services],
    backtest_id: str,
    after: Row = 0,
    limit: Annotated[int, Parameter(ge=1, le=1000)] = 200,
) -> TradeList:
    """The rows of the trade table behind the number `after`."""
    found = await services.store.backtests.trades(backtest_id, request.user, after=after, limit=limit + 1)
    items = [{"number": trade.number, **trade.row} for trade in found[:limit]]
    return TradeList(items, found[limit - 1].number if len(found) > limit else None)


@get(
    "/api/backtests/{backtest_id:str}/trades/{number:int}", opt=_READ, summary="A trade and why it was made",
    tags=_TAGS, **_answers(TradeView),
)  # fmt: skip
async def trade(
    request: Asked, services: NamedDependency[Services], backtest_id: str, number: int
) -> Response[bytes]:  # fmt: skip
    """The decision slice: conditions, nodes with their values, rules of the order."""
    found = await services.store.backtests.trade(backtest_id, request.user, number)
    if found.slice is None:
        made = msgspec.json.decode(await services.backtests.slice(backtest_id, request.user, number))
    else:
        made = unpacked_json(found.slice)
    return await json_answer(request, {"row": {"number": number, **found.row}, "slice": made})


# --- curves -----------------------------------------------------------------------------------------------------------


@get("/api/backtests/{backtest_id:str}/equity", opt=_READ, summary="Equity and drawdown", tags=_TAGS, **_answers(Curve))
async def equity(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Response[bytes]:
    """The curve in at most 4,000 buckets that keep its extremes."""
    data = await _column(services, request.user, backtest_id, "equity.json")
    return await json_answer(request, lambda: unpacked_json(data))


@get(
    "/api/backtests/{backtest_id:str}/months", opt=_READ, summary="Returns by month", tags=_TAGS, **_answers(MonthList)
)
async def months(request: Asked, services: NamedDependency[Services], backtest_id: str) -> Response[bytes]:
    """Return of each month and year."""
    data = await _column(services, request.user, backtest_id, "months.json")
    return await json_answer(request, lambda: {"items": unpacked_json(data)})


async def _column(services: Services, viewer: User, backtest_id: str, name: str) -> bytes:
    found = await services.store.backtests.columns(backtest_id, viewer, [name])
    if name not in found:
        raise Conflict("this back-test is not done, so it has no figures yet")
    return found[name]


# --- bars -------------------------------------------------------------------------------------------------------------


@get(
    "/api/backtests/{backtest_id:str}/candles", opt=_READ, summary="Candles the run was made on", tags=_TAGS,
    **_answers(CandleWindow),
)  # fmt: skip
async def candles(
    request: Asked,
    services: NamedDependency[Services],
    backtest_id: str,
    market: Market = 0,
    start: Annotated[int, Parameter(query="from", ge=0, le=2**31 - 1)] = 0,
    stop: Annotated[int | None, Parameter(query="to", ge=0, le=2**31 - 1)] = None,
) -> Response[bytes]:
    """Rows `from` to `to` (exclusive), at most 5,000."""
    found = await services.store.backtests.find(backtest_id, request.user)
    facts = market_of(found, market)
    last = min(facts["rows"], start + MOST_CANDLES, facts["rows"] if stop is None else stop)
    names = [f"{facts['bars']}.{place}" for place in range(start // PIECE, max(start, last - 1) // PIECE + 1)]
    pieces = await services.store.backtests.columns(backtest_id, request.user, names)
    return await json_answer(request, lambda: _window(facts, [pieces[n] for n in names if n in pieces], start, last))


def _window(facts: dict[str, Any], pieces: list[bytes], start: int, stop: int) -> CandleWindow:
    names = ("time", "open", "high", "low", "close", "volume")
    columns = columns_of(pieces, names)
    skipped = start - start // PIECE * PIECE
    part = slice(skipped, skipped + max(0, stop - start))
    return CandleWindow(
        symbol=facts["symbol"], timeframe=facts["timeframe"], bar_ms=facts["bar_ms"], rows=facts["rows"], first=start,
        **{name: columns[name][part].tolist() for name in names},
    )  # fmt: skip


@get(
    "/api/backtests/{backtest_id:str}/wires", opt=_READ, summary="Wires of the trace", tags=_TAGS,
    **_answers(WireList),
)  # fmt: skip
async def wires(
    request: Asked, services: NamedDependency[Services], backtest_id: str, market: Market = 0
) -> Response[bytes]:
    """All wires with a value per bar."""
    found = await services.store.backtests.find(backtest_id, request.user)
    data = await _column(services, request.user, backtest_id, f"wires.{market_of(found, market)['trace']}")
    return await json_answer(request, lambda: {"wires": unpacked_json(data), "chunk": CHUNK})


@get(
    "/api/backtests/{backtest_id:str}/trace", opt=_READ, summary="What every wire carried", tags=_TAGS,
    **_answers(TraceChunk),
)  # fmt: skip
async def trace(
    request: Asked, services: NamedDependency[Services], backtest_id: str, market: Market = 0, chunk: Row = 0
) -> Response[bytes]:
    """One chunk of 2,048 rows; wires of other timeframes show their last closed bar."""
    found = await services.store.backtests.find(backtest_id, request.user)
    place = market_of(found, market)["trace"]
    length = chunk_length(market_of(found, place)["rows"], chunk)
    if not length:
        raise NotFound(f"this trace has no chunk {chunk}")
    packed = await services.store.backtests.chunk(backtest_id, request.user, place, chunk)
    if not packed:
        raise NotFound("the trace of this back-test was dropped; run it again to see what the wires carried")
    first = chunk * CHUNK
    return await json_answer(
        request, lambda: {"first": first, "rows": length, "wires": {name: told(data) for name, data in packed.items()}}
    )


@get(
    "/api/backtests/{backtest_id:str}/why", opt=_READ, summary="Why a bar was, or was not, an entry", tags=_TAGS,
    **_answers(BarReasons),
)  # fmt: skip
async def why(
    request: Asked, services: NamedDependency[Services], backtest_id: str, row: Row, market: Market = 0
) -> Response[bytes]:
    """What an entry lacked on both sides, nearest first; the run is made again for it, so the first answer takes
    longer.
    """
    return await json_answer(request, await services.backtests.why(backtest_id, request.user, market, row))


def market_of(found: StoredBacktest, market: int) -> dict[str, Any]:
    """Facts of one market of a back-test.  Raises Conflict if it is not done, NotFound."""
    if found.result is None:
        raise Conflict(f"this back-test is not done ({found.status}), so it has no bars yet")
    markets: list[dict[str, Any]] = found.result["markets"]
    if market >= len(markets):
        raise NotFound(f"this back-test has {len(markets)} markets; there is no market {market}")
    return markets[market]


ROUTES: list[Any] = [
    submit, list_backtests, read, remove, cancel, drop_trace, trades, trade, equity, months, candles, wires, trace, why,
]  # fmt: skip
