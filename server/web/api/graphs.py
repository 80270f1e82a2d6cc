"""`/api/graphs`: graphs, their revisions, and what changed between them."""

from typing import Annotated, Any

from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Parameter

from engine.diff import diff
from engine.textform import to_text
from server.graph_checks import checked, graph_of
from server.people import User
from server.services import Services
from server.store.graphs import RevisionHead, StoredGraph
from server.web.api import graph_drafts, nodes
from server.web.api.graph_bodies import (
    LARGEST,
    DiffView,
    Document,
    GraphChange,
    GraphList,
    GraphView,
    IfMatch,
    Message,
    Number,
    ReportView,
    RevisionView,
    Words,
    as_is,
    diff_view,
    head_of,
    number_of,
    report_view,
    tagged,
    text_of,
)  # fmt: skip

_READ, _TAGS = {"scope": "graphs:read"}, ["graphs"]
_WRITE = {"scope": "graphs:write"}
Asked = Request[User, Any, Any]
Mode = Annotated[str, Parameter(max_length=20, description="backtest, dry_run or live")]
Timeframe = Annotated[
    str, Parameter(max_length=10, description="of the run; without one the graph must be right on any")
]


@get("/api/graphs", summary="Graphs, the last changed first", opt=_READ, tags=_TAGS)
async def list_graphs(  # noqa: PLR0913 - what can be asked for
    request: Asked,
    services: NamedDependency[Services],
    search: Words = "",
    tag: Words = "",
    kind: Words = "",
    built_in: bool | None = None,
    archived: bool = False,
    after: Words = "",
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> GraphList:
    """Own and built-in graphs; `search` looks in names and tags."""
    found = await services.store.graphs.list(
        request.user, search=search, tag=tag, kind=kind, built_in=built_in, archived=archived, after=after or None,
        limit=limit,
    )  # fmt: skip
    return GraphList(found.items, found.next)


@post(
    "/api/graphs",
    summary="Create a graph from a document",
    opt=_WRITE,
    tags=_TAGS,
    request_max_body_size=LARGEST,
)
async def create_graph(
    request: Asked,
    services: NamedDependency[Services],
    data: Document,
    message: Message = "",
    tags: Annotated[list[str] | None, Parameter(max_items=20)] = None,
) -> Response[GraphView]:
    """Keeps the document as it came, valid or not.  Unknown nodes and broken wires stay."""
    graphs = services.store.graphs
    graph = await graphs.create(
        request.user, await text_of(request), message=message, tags=tags or [], now=services.clock()
    )
    return await _view(services, graph, request.user)


@get("/api/graphs/{graph_id:str}", summary="A graph with its newest document", opt=_READ, tags=_TAGS)
async def get_graph(request: Asked, services: NamedDependency[Services], graph_id: str) -> Response[GraphView]:
    """The `ETag` is the number to send as `If-Match` with the next revision."""
    return await _view(services, await services.store.graphs.find(graph_id, request.user), request.user)


@patch(
    "/api/graphs/{graph_id:str}",
    summary="Change tags, archive or bring back",
    opt=_WRITE,
    tags=_TAGS,
)
async def change_graph(
    request: Asked, services: NamedDependency[Services], graph_id: str, data: GraphChange
) -> StoredGraph:
    """What is left out stays."""
    graphs = services.store.graphs
    if data.tags is not None:
        await graphs.set_tags(graph_id, request.user, data.tags)
    if data.archived is not None:
        await graphs.archive(graph_id, request.user, archived=data.archived, now=services.clock())
    return await graphs.find(graph_id, request.user)


@post("/api/graphs/{graph_id:str}/copy", summary="Copy a graph to the own ones", opt=_WRITE, tags=_TAGS)
async def copy_graph(
    request: Asked, services: NamedDependency[Services], graph_id: str, revision: Number = None
) -> Response[GraphView]:
    """The way to change a built-in graph."""
    graph = await services.store.graphs.copy(graph_id, request.user, now=services.clock(), number=revision)
    return await _view(services, graph, request.user)


@get("/api/graphs/{graph_id:str}/revisions", summary="The revisions of a graph, newest first", opt=_READ, tags=_TAGS)
async def list_revisions(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    below: Number = None,
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> list[RevisionHead]:
    """`below` is a number, for older ones."""
    return list(await services.store.graphs.revisions(graph_id, request.user, below=below, limit=limit))


@post(
    "/api/graphs/{graph_id:str}/revisions",
    summary="Publish a revision",
    opt=_WRITE,
    tags=_TAGS,
    request_max_body_size=LARGEST,
)
async def publish_revision(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    data: Document,
    if_match: IfMatch = None,
    message: Message = "",
) -> Response[RevisionHead]:
    """Needs `If-Match` with the number it is based on; 409 if somebody published meanwhile."""
    found = await services.store.graphs.publish(
        graph_id, request.user, await text_of(request), based_on=number_of(if_match, "revision"), message=message,
        now=services.clock(),
    )  # fmt: skip
    return Response(found, status_code=201, headers=tagged(found.number))


@get("/api/graphs/{graph_id:str}/revisions/{number:int}", summary="A revision with its document", opt=_READ, tags=_TAGS)
async def get_revision(
    request: Asked, services: NamedDependency[Services], graph_id: str, number: int
) -> Response[RevisionView]:
    """Revisions never change."""
    found = await services.store.graphs.revision(graph_id, request.user, number)
    return Response(RevisionView(head_of(found), as_is(found.document)), headers=tagged(number))


@get("/api/graphs/{graph_id:str}/diff", summary="What changed between two revisions", opt=_READ, tags=_TAGS)
async def get_diff(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    before: Annotated[int, Parameter(query="from", ge=1, le=2**31 - 1)],
    after: Annotated[int, Parameter(query="to", ge=1, le=2**31 - 1)],
) -> DiffView:
    """In sentences and as values; what only moved on the canvas is counted."""
    old, new = [await services.store.graphs.revision(graph_id, request.user, n) for n in (before, after)]
    return diff_view(before, after, diff(graph_of(old.document), graph_of(new.document)))


@get("/api/graphs/{graph_id:str}/validation", summary="What the validator says of a graph", opt=_READ, tags=_TAGS)
async def get_validation(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    revision: Number = None,
    mode: Mode = "backtest",
    timeframe: Timeframe = "",
) -> ReportView:
    """All problems at once, with places and fixes; the order, clocks and warm-up that follow from the graph."""
    found = await services.store.graphs.revision(graph_id, request.user, revision)
    return report_view(await checked(found.document, mode, timeframe))


@post(
    "/api/graphs/validate",
    status_code=200,
    summary="Validate a document without keeping it",
    opt=_READ,
    tags=_TAGS,
    request_max_body_size=LARGEST,
)
async def validate_document(
    request: Asked, data: Document, mode: Mode = "backtest", timeframe: Timeframe = ""
) -> ReportView:
    """As `validation` of a stored graph."""
    return report_view(await checked(await text_of(request), mode, timeframe))


@get("/api/graphs/{graph_id:str}/export", summary="A graph as a file: JSON, or text for reading", opt=_READ, tags=_TAGS)
async def export_graph(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    revision: Number = None,
    form: Annotated[str, Parameter(pattern="^(json|text)$")] = "json",
) -> Response[str]:
    """The JSON is byte for byte what was stored; the text form has the logic, one node a line."""
    found = await services.store.graphs.revision(graph_id, request.user, revision)
    is_text = form == "text"
    name = f"{''.join(c for c in graph_id if c.isalnum() or c in '_-')}-r{found.number}.{'txt' if is_text else 'json'}"
    return Response(
        to_text(graph_of(found.document)) if is_text else found.document,
        media_type="text/plain; charset=utf-8" if is_text else "application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"', **tagged(found.number)},
    )


async def _view(services: Services, graph: StoredGraph, viewer: User) -> Response[GraphView]:
    found = await services.store.graphs.revision(graph.id, viewer)
    view = GraphView(graph, head_of(found), as_is(found.document))
    return Response(view, headers=tagged(graph.head))


ROUTES: list[Any] = [
    list_graphs, create_graph, get_graph, change_graph, copy_graph, list_revisions, publish_revision, get_revision,
    get_diff, get_validation, validate_document, export_graph, *graph_drafts.ROUTES, *nodes.ROUTES,
]  # fmt: skip
