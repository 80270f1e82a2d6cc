"""`/candles`: what is stored, and one series with its gaps and its chart."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import MultipartBody, Parameter, URLEncodedBody
from litestar.response import Redirect, Template

from engine.timeframe import DURATIONS, duration
from server.accounts.entrance import Entrance
from server.candle_jobs import Asked
from server.instants import instant
from server.people import User
from server.services import Services
from server.store.series import FUNDING, Gap, Stored
from server.web.api.candles import LARGEST, Name, Upload, forget, known, take_in
from server.web.coverage import WIDTH, Hole, holes
from server.web.guards import admin_only
from server.web.rendering import page, partial

_WRITE = {"scope": "candles:write"}
_MOST_GAPS = 200  # rows of the table
_Asks = Request[User, Any, Any]


class ShownSeries(msgspec.Struct, frozen=True):
    """A series as a row of the list."""

    stored: Stored
    holes: list[Hole]
    gaps: int
    href: str


class ShownGap(msgspec.Struct, frozen=True):
    """A gap as a row of its table; `start` and `stop` are the span to fetch, as the form sends it."""

    gap: Gap
    start: str
    stop: str


class FetchForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the form to fetch sends; dates and times are UTC."""

    symbol: Annotated[str, msgspec.Meta(max_length=60)]
    timeframe: Annotated[str, msgspec.Meta(max_length=10)]
    start: Annotated[str, msgspec.Meta(max_length=40)] = msgspec.field(name="from")
    end: Annotated[str, msgspec.Meta(max_length=40)] = msgspec.field(name="to", default="")
    funding: Annotated[str, msgspec.Meta(max_length=10)] = ""


class CancelForm(msgspec.Struct, frozen=True):
    """Which fetch to cancel."""

    symbol: Annotated[str, msgspec.Meta(max_length=60)]
    timeframe: Annotated[str, msgspec.Meta(max_length=10)]


@get("/candles", include_in_schema=False)
async def candles_page(
    request: _Asks,
    services: NamedDependency[Services],
    text: Annotated[str, Parameter(max_length=100)] = "",
    timeframe: Annotated[str, Parameter(max_length=10)] = "",
) -> Template:
    """All series, the fetches, and the forms that add to them."""
    stored = await services.store.candles.list()
    rows = await _rows(services, stored, text, timeframe)
    return page(
        request, "pages/candles.html", section="candles", series=rows, count=len(stored), text=text,
        timeframe=timeframe, timeframes=list(DURATIONS), stored_timeframes=_timeframes(stored), strip=WIDTH,
        fetches=services.fetches.list(), limit=LARGEST,
    )  # fmt: skip


@get("/candles/list", include_in_schema=False)
async def candles_list(
    request: _Asks,
    services: NamedDependency[Services],
    text: Annotated[str, Parameter(max_length=100)] = "",
    timeframe: Annotated[str, Parameter(max_length=10)] = "",
) -> Template:
    """The rows alone, for a page whose series have changed."""
    stored = await services.store.candles.list()
    rows = await _rows(services, stored, text, timeframe)
    return partial(request, "partials/candle_list.html", series=rows, count=len(stored), strip=WIDTH)


@get("/candles/fetches", include_in_schema=False)
async def fetches_list(request: _Asks, services: NamedDependency[Services]) -> Template:
    """The fetches alone."""
    return _fetches(request, services)


@get("/candles/{symbol:str}/{timeframe:str}", include_in_schema=False)
async def series_page(
    request: _Asks, services: NamedDependency[Services], symbol: Name, timeframe: Name
) -> Template:  # fmt: skip
    """Facts, gaps, rules and chart of one series."""
    stored = await known(services, symbol, timeframe)
    gaps = await services.store.candles.gaps(symbol, timeframe)
    length = 0 if timeframe == FUNDING else duration(timeframe)
    return page(
        request, "pages/candles_series.html", section="candles", stored=stored, strip=WIDTH,
        rules=await services.store.instruments.find(symbol), gap_count=len(gaps), holes=holes(stored, gaps),
        gaps=[ShownGap(gap, _iso(gap.first), _iso(gap.last + length)) for gap in gaps[:_MOST_GAPS]],
        is_funding=timeframe == FUNDING, fetches=services.fetches.list(),
        chart={"symbol": symbol, "timeframe": timeframe, "rows": stored.rows, "bar_ms": length},
    )  # fmt: skip


@post("/candles/import", opt=_WRITE, request_max_body_size=LARGEST, include_in_schema=False)
async def import_form(services: NamedDependency[Services], data: MultipartBody[Upload]) -> Redirect:
    """Stores a file and shows what became of it."""
    stored = await take_in(services, data)
    return Redirect(_href(stored), status_code=303)


@post("/candles/fetch", opt=_WRITE, include_in_schema=False, status_code=200)
async def fetch_form(
    request: _Asks, services: NamedDependency[Services], data: URLEncodedBody[FetchForm]
) -> Template | Redirect:
    """Begins to fetch, and shows how it goes on."""
    start, end = instant(data.start, "from") or 0, instant(data.end or None, "to")
    asked = Asked(
        symbol=data.symbol.strip(), timeframe=data.timeframe, start=start,
        end=services.clock() if end is None else end, funding=bool(data.funding),
    )  # fmt: skip
    services.fetches.start(asked)
    return _fetches(request, services) if "HX-Request" in request.headers else Redirect("/candles", status_code=303)


@post("/candles/fetches/cancel", opt=_WRITE, include_in_schema=False, status_code=200)
async def cancel_form(
    request: _Asks, services: NamedDependency[Services], data: URLEncodedBody[CancelForm]
) -> Template | Redirect:
    """Ends a fetch."""
    await services.fetches.cancel(data.symbol, data.timeframe)
    return _fetches(request, services) if "HX-Request" in request.headers else Redirect("/candles", status_code=303)


@post("/candles/{symbol:str}/{timeframe:str}/remove", guards=[admin_only], include_in_schema=False)
async def remove_form(
    request: _Asks,
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    symbol: Name,
    timeframe: Name,
) -> Redirect:
    """Forgets a series."""
    await forget(request, services, entrance, symbol, timeframe)
    return Redirect("/candles", status_code=303)


def _fetches(request: _Asks, services: Services) -> Template:
    return partial(request, "partials/candle_fetches.html", fetches=services.fetches.list())


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def _rows(services: Services, stored: Any, text: str, timeframe: str) -> list[ShownSeries]:
    wanted = [
        one for one in stored if text.casefold() in one.symbol.casefold() and timeframe in ("", one.timeframe)
    ]  # fmt: skip
    rows: list[ShownSeries] = []
    for one in wanted:
        gaps = await services.store.candles.gaps(one.symbol, one.timeframe) if one.missing else []
        rows.append(ShownSeries(one, holes(one, gaps), len(gaps), _href(one)))
    return rows


def _timeframes(stored: Any) -> list[str]:
    found = {one.timeframe for one in stored}
    return [name for name in (*DURATIONS, FUNDING) if name in found]


def _href(stored: Stored) -> str:
    return f"/candles/{stored.symbol}/{stored.timeframe}"


ROUTES: list[Any] = [
    candles_page, candles_list, fetches_list, series_page, import_form, fetch_form, cancel_form, remove_form,
]  # fmt: skip
