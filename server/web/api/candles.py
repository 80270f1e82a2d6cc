"""`/api/candles`: what is stored, its candles, gaps and files; import, fetch and removal.

Candles are facts about markets: they belong to the installation and are shared by its users.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import JSONBody, MultipartBody, Parameter, QueryParameter
from litestar.response import File

from engine.errors import InputError
from engine.timeframe import duration
from server.accounts.entrance import Entrance
from server.adapters import candle_files
from server.adapters.candle_import import import_upload
from server.candle_jobs import Asked, Fetch
from server.errors import NotFound
from server.people import User
from server.services import Services
from server.store.series import FUNDING, Gap, Stored
from server.web.guards import admin_only

LARGEST = 64 << 20  # bytes of an upload
_MOST = 5000  # rows of one answer
_MOST_GAPS = 1000
_READ, _WRITE = {"scope": "candles:read"}, {"scope": "candles:write"}

_LATEST = 2**53  # ms; what JSON numbers hold exactly
_LAST_DATE = 4_102_444_800_000  # 2100-01-01
Name = Annotated[str, Parameter(max_length=100)]


class SeriesFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A stored series; `timeframe` is "funding" for funding rates.  Instants are opening times in ms UTC."""

    symbol: str
    timeframe: str
    rows: int
    first: int
    last: int
    missing: int
    origins: tuple[str, ...]
    synthetic: bool
    gaps_allowed: bool
    identity: str
    size: int
    updated_at: int


class SeriesList(msgspec.Struct, frozen=True):
    """All stored series, by name."""

    items: list[SeriesFacts]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a series as columns; `from` is the number of the first row, `rows` how many the series has.

    Candles have open, high, low, close and volume; funding rates have `rate`.
    """

    symbol: str
    timeframe: str
    bar_ms: int
    rows: int
    first: int = msgspec.field(name="from")
    time: list[int]
    open: list[float] = []
    high: list[float] = []
    low: list[float] = []
    close: list[float] = []
    volume: list[float] = []
    rate: list[float] = []


class GapList(msgspec.Struct, frozen=True):
    """The holes of a series, oldest first (at most a thousand of `count`)."""

    items: list[Gap]
    count: int


class FetchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch from the exchange; `to` is exclusive, by default now."""

    symbol: Annotated[str, msgspec.Meta(max_length=60)]
    timeframe: Annotated[str, msgspec.Meta(max_length=10)]
    start: Annotated[int, msgspec.Meta(ge=0, le=_LAST_DATE)] = msgspec.field(name="from")
    end: Annotated[int, msgspec.Meta(ge=0, le=_LAST_DATE)] | None = msgspec.field(name="to", default=None)
    funding: bool = True


class FetchList(msgspec.Struct, frozen=True):
    """Fetches since the server started, the newest first."""

    items: Sequence[Fetch]


class SeriesName(msgspec.Struct, frozen=True):
    """Which series."""

    symbol: Annotated[str, msgspec.Meta(max_length=60)]
    timeframe: Annotated[str, msgspec.Meta(max_length=10)]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A candle or funding file; of its name only the ending is used."""

    file: UploadFile
    symbol: Annotated[str, msgspec.Meta(max_length=100)]
    timeframe: Annotated[str, msgspec.Meta(max_length=10)] = ""
    allow_gaps: bool = False


async def known(services: Services, symbol: str, timeframe: str) -> Stored:
    """Facts of a stored series.  Raises NotFound."""
    stored = await services.store.candles.find(symbol, timeframe)
    if stored is None:
        raise NotFound(f"no {symbol} {timeframe} is stored; import a file or fetch it")
    return stored


def facts_of(stored: Stored) -> SeriesFacts:
    """What the API tells of a series."""
    return SeriesFacts(**{name: getattr(stored, name) for name in SeriesFacts.__struct_fields__})


@get("/api/candles", opt=_READ, summary="What is stored", tags=["candles"])
async def list_series(services: NamedDependency[Services]) -> SeriesList:
    """All stored series."""
    return SeriesList([facts_of(stored) for stored in await services.store.candles.list()])


@get("/api/candles/{symbol:str}/{timeframe:str}", opt=_READ, summary="Rows of a series", tags=["candles"])
async def window(
    services: NamedDependency[Services],
    symbol: Name,
    timeframe: Name,
    start: Annotated[int | None, QueryParameter(name="from", ge=0, le=_LATEST)] = None,
    end: Annotated[int | None, QueryParameter(name="to", ge=0, le=_LATEST)] = None,
    row: Annotated[int | None, Parameter(ge=0, le=2**31 - 1)] = None,
    limit: Annotated[int, Parameter(ge=1, le=_MOST)] = 1000,
) -> Window:
    """`limit` rows from an instant (`from`, ms UTC) or a row number on; with `to` alone the last before it.

    Without any of them the newest rows.
    """
    stored = await known(services, symbol, timeframe)
    series = services.store.candles
    stop = stored.rows if end is None else await series.row_of(symbol, timeframe, end)
    first = row
    if first is None:
        first = max(0, stop - limit) if start is None else await series.row_of(symbol, timeframe, start)
    columns = await series.rows(symbol, timeframe, first, max(0, min(limit, stop - first)))
    return Window(
        symbol=symbol, timeframe=timeframe, bar_ms=0 if timeframe == FUNDING else duration(timeframe),
        rows=stored.rows, first=first, **{name: column.tolist() for name, column in columns.items()},
    )  # fmt: skip


@get("/api/candles/{symbol:str}/{timeframe:str}/gaps", opt=_READ, summary="Holes of a series", tags=["candles"])
async def gaps(services: NamedDependency[Services], symbol: Name, timeframe: Name) -> GapList:
    """Opening instants of the first and last missing bar of each hole."""
    await known(services, symbol, timeframe)
    found = await services.store.candles.gaps(symbol, timeframe)
    return GapList(found[:_MOST_GAPS], len(found))


@get("/api/candles/{symbol:str}/{timeframe:str}/file", opt=_READ, summary="A series as a file", tags=["candles"])
async def download(
    services: NamedDependency[Services],
    symbol: Name,
    timeframe: Name,
    form: Annotated[Literal["csv", "csv.gz", "parquet"], QueryParameter(name="format")] = "csv.gz",
) -> File:
    """CSV, CSV.gz or Parquet with the same values to the last bit."""
    await known(services, symbol, timeframe)
    series = services.store.candles
    folder = tempfile.TemporaryDirectory(prefix="tradegraph-")
    path = Path(folder.name) / f"{symbol}_{timeframe}.{form}"
    if timeframe == FUNDING:
        await asyncio.to_thread(candle_files.write_funding, path, *await series.load_funding(symbol))
    else:
        await asyncio.to_thread(candle_files.write_candles, path, await series.load(symbol, timeframe))
    kind = {"csv": "text/csv", "csv.gz": "application/gzip", "parquet": "application/vnd.apache.parquet"}[form]
    gone = BackgroundTask(asyncio.to_thread, folder.cleanup)
    return File(path, filename=path.name, media_type=kind, background=gone)


@post(
    "/api/candles/import", opt=_WRITE, request_max_body_size=LARGEST, summary="Import a file", tags=["candles"]
)  # fmt: skip
async def import_candles(services: NamedDependency[Services], data: MultipartBody[Upload]) -> SeriesFacts:
    """Merges a CSV, CSV.gz or Parquet file of candles or funding rates into what is stored."""
    stored = await take_in(services, data)
    return facts_of(await known(services, stored.symbol, stored.timeframe))


async def take_in(services: Services, upload: Upload) -> Stored:
    """Stores what was sent.  Raises InputError."""
    content = await upload.file.read()
    if not content:
        raise InputError("the file is empty or was not sent; choose a CSV, CSV.gz or Parquet file")
    return await import_upload(
        services.store.candles, upload.file.filename or "", content, symbol=upload.symbol,
        timeframe=upload.timeframe or None, allow_gaps=upload.allow_gaps,
    )  # fmt: skip


@post("/api/candles/fetch", opt=_WRITE, status_code=202, summary="Fetch from the exchange", tags=["candles"])
async def fetch(
    request: Request[User, Any, Any], services: NamedDependency[Services], data: JSONBody[FetchOrder]
) -> Fetch:
    """Begins to fetch what is missing; the live channel tells how it goes on (topic "candles")."""
    end = services.clock() if data.end is None else data.end
    asked = Asked(symbol=data.symbol, timeframe=data.timeframe, start=data.start, end=end, funding=data.funding)
    return services.fetches.start(asked)


@get("/api/candles/fetches", opt=_READ, summary="Fetches under way", tags=["candles"])
async def list_fetches(request: Request[User, Any, Any], services: NamedDependency[Services]) -> FetchList:
    """Fetches since the server started."""
    return FetchList(services.fetches.list())


@post("/api/candles/fetches/cancel", opt=_WRITE, status_code=200, summary="Cancel a fetch", tags=["candles"])
async def cancel_fetch(
    request: Request[User, Any, Any], services: NamedDependency[Services], data: JSONBody[SeriesName]
) -> Fetch:
    """Ends a fetch; what it has fetched stays stored."""
    return await services.fetches.cancel(data.symbol, data.timeframe)


@delete(
    "/api/candles/{symbol:str}/{timeframe:str}", guards=[admin_only], opt={"scope": "admin"},
    summary="Remove a series", tags=["candles"],
)  # fmt: skip
async def remove(
    request: Request[User, Any, Any],
    services: NamedDependency[Services],
    entrance: NamedDependency[Entrance],
    symbol: Name,
    timeframe: Name,
) -> None:
    """Forgets a series."""
    await forget(request, services, entrance, symbol, timeframe)


async def forget(
    request: Request[User, Any, Any], services: Services, entrance: Entrance, symbol: str, timeframe: str
) -> None:
    """Removes a series and notes who did it.  Raises NotFound."""
    stored = await known(services, symbol, timeframe)
    await services.store.candles.remove(symbol, timeframe)
    visit = request.scope["visit"]  # type: ignore[typeddict-item]
    await entrance.note("candles_removed", request.user.id, f"{symbol} {timeframe}", visit, rows=stored.rows)


ROUTES: list[Any] = [
    list_series, window, gaps, download, import_candles, fetch, list_fetches, cancel_fetch, remove,
]  # fmt: skip
