"""`/api/graphs/ID/draft`: what somebody is working on, saved as they type and seen by nobody else."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import Parameter

from server.errors import NotFound
from server.people import User
from server.services import Services
from server.web.api.graph_bodies import LARGEST, Document, DraftView, IfMatch, draft_view, number_of, tagged, text_of

_READ, _TAGS = {"scope": "graphs:read"}, ["graphs"]
_WRITE = {"scope": "graphs:write"}
Asked = Request[User, Any, Any]
PATH = "/api/graphs/{graph_id:str}/draft"


@get(PATH, summary="The own draft of a graph", opt=_READ, tags=_TAGS)
async def get_draft(request: Asked, services: NamedDependency[Services], graph_id: str) -> Response[DraftView]:
    """The `ETag` is the version to send as `If-Match` with the next save."""
    draft = await services.store.graphs.draft(graph_id, request.user)
    if draft is None:
        raise NotFound("You have no draft of this graph.")
    return Response(draft_view(draft), headers=tagged(draft.version))


@put(
    PATH,
    summary="Save the own draft of a graph",
    opt=_WRITE,
    tags=_TAGS,
    request_max_body_size=LARGEST,
)
async def save_draft(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    data: Document,
    base: Annotated[int, Parameter(ge=1, le=2**31 - 1, description="The revision the draft was begun on")],
    if_match: IfMatch = None,
) -> Response[DraftView]:
    """Any JSON object.  Needs `If-Match` with the version it is based on, "0" for the first save."""
    draft = await services.store.graphs.save_draft(
        graph_id, request.user, await text_of(request), base=base, version=number_of(if_match, "draft version"),
        now=services.clock(),
    )  # fmt: skip
    return Response(draft_view(draft), headers=tagged(draft.version))


@delete(PATH, summary="Throw the own draft of a graph away", opt=_WRITE, tags=_TAGS)
async def drop_draft(request: Asked, services: NamedDependency[Services], graph_id: str) -> None:
    """What is published stays."""
    await services.store.graphs.drop_draft(graph_id, request.user)


ROUTES: list[Any] = [get_draft, save_draft, drop_draft]
