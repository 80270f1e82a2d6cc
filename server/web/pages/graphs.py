"""`/graphs`: the gallery, the page of a graph, and what changed between revisions."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import Parameter
from litestar.response import Redirect, Template

from engine.diff import diff
from engine.errors import InputError
from engine.textform import to_text
from server.drawing import draw, kinds_in, level_at, picture, sheet_of, tones
from server.drawing.sheet import kinds_of
from server.graph_checks import checked, graph_of, registry, report_of
from server.people import User
from server.services import Services
from server.store.graph_runs import GraphRun
from server.store.graphs import Revision, StoredGraph
from server.web.api.graph_bodies import LARGEST
from server.web.graph_view import card_of, marks_of, needs_of, problems_of, rows_of, sized
from server.web.node_docs import NodeDoc, node_doc
from server.web.rendering import page, partial

_OWN, _RUNS = 24, 10  # on a page
Asked = Request[User, Any, Any]
Words = Annotated[str, Parameter(max_length=200)]
Flat = Annotated[str, Parameter(max_length=1000, description="the flat id of a node")]
Number = Annotated[int | None, Parameter(ge=1, le=2**31 - 1)]


# --- gallery ----------------------------------------------------------------------------------------------------------


@get("/graphs", include_in_schema=False)
async def gallery(
    request: Asked, services: NamedDependency[Services], search: Words = "", tag: Words = "", after: Words = "",
    archived: bool = False,
) -> Template:  # fmt: skip
    """Own graphs and built-in ones, with a picture each."""
    graphs, viewer = services.store.graphs, request.user
    own = await graphs.list(
        viewer, search=search, tag=tag, built_in=False, archived=archived, after=after or None, limit=_OWN
    )
    built_in = [] if after or archived else (await graphs.list(viewer, search=search, tag=tag, built_in=True)).items
    return page(
        request,
        "pages/graphs.html",
        own=await _cards(services, own.items, viewer),
        built_in=await _cards(services, sorted(built_in, key=lambda graph: graph.name), viewer),
        next=own.next,
        tags=await graphs.tags(viewer),
        asked={"search": search, "tag": tag, "archived": archived},
        filtered=bool(search or tag),
        section="graphs",
    )


async def _cards(services: Services, found: list[StoredGraph], viewer: User) -> list[dict[str, Any]]:
    documents = await services.store.graphs.documents([graph.revision_id for graph in found], viewer)
    runs = await services.store.graphs.last_runs([graph.id for graph in found], viewer)
    cards = await asyncio.to_thread(lambda: [card_of(documents[graph.revision_id]) for graph in found])
    return [{"graph": graph, "card": card, "run": runs.get(graph.id)} for graph, card in zip(found, cards, strict=True)]


# --- a graph ----------------------------------------------------------------------------------------------------------


@get("/graphs/{graph_id:str}", include_in_schema=False)
async def graph_page(
    request: Asked, services: NamedDependency[Services], graph_id: str, path: Flat = "", node: Flat = ""
) -> Template:
    """The newest revision."""
    return await _graph_page(request, services, graph_id, None, path, node)


@get("/graphs/{graph_id:str}/revisions/{number:int}", include_in_schema=False)
async def revision_page(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    number: int,
    path: Flat = "",
    node: Flat = "",
) -> Template:
    """An older revision, on the same page."""
    return await _graph_page(request, services, graph_id, number, path, node)


async def _graph_page(
    request: Asked, services: Services, graph_id: str, number: int | None, path: str, node: str
) -> Template:
    graphs, viewer = services.store.graphs, request.user
    found = await graphs.find(graph_id, viewer)
    revision = await graphs.revision(graph_id, viewer, number)
    revisions = await graphs.revisions(graph_id, viewer)
    runs: list[GraphRun] = await graphs.runs(graph_id, viewer, limit=_RUNS)
    report = await checked(revision.document)
    shown = await asyncio.to_thread(_shown, revision, path, node)
    base = f"/graphs/{found.id}" + (f"/revisions/{revision.number}" if revision.number != found.head else "")
    return page(
        request,
        "pages/graph.html",
        graph=found,
        revision=revision,
        revisions=revisions,
        runs=runs,
        report=report,
        problems=problems_of(report),
        base=base,
        **shown,
        section="graphs",
    )


def _shown(revision: Revision, path: str, node: str) -> dict[str, Any]:
    """What is drawn and told of a revision; takes a while for a large graph."""
    graph, report = graph_of(revision.document), report_of(revision.document)
    doc = node_doc(graph, registry(), report, node) if node else None
    return {**_level_shown(revision.document, path), "doc": doc}


@lru_cache(maxsize=64)
def _level_shown(document: str, path: str) -> Mapping[str, Any]:
    """What follows from a document alone, worked out once."""
    graph, nodes, report = graph_of(document), registry(), report_of(document)
    level = level_at(graph, path)
    sheet = sheet_of(level, nodes, report)
    _, _, width, height = sheet.bounds()
    return {
        "wide": width > 2 * height,
        "level": level,
        "svg": sized(draw(graph, nodes, path=path, report=report, values=False)),
        "tones": tones(kinds_in(kinds_of(sheet))),
        "rows": rows_of(level, nodes, report),
        "needs": needs_of(document),
        "description": level.graph.description,
        "text_form": to_text(graph),
    }


@get("/graphs/{graph_id:str}/node", include_in_schema=False)
async def node_panel(
    request: Asked, services: NamedDependency[Services], graph_id: str, node: Flat, revision: Number = None
) -> Template:
    """What there is to know of one node, for the panel beside the canvas."""
    found = await services.store.graphs.find(graph_id, request.user)
    stored = await services.store.graphs.revision(graph_id, request.user, revision)
    report = await checked(stored.document)
    doc: NodeDoc = node_doc(graph_of(stored.document), registry(), report, node)
    base = f"/graphs/{found.id}" + (f"/revisions/{stored.number}" if stored.number != found.head else "")
    return partial(request, "partials/graph_node.html", doc=doc, base=base)


@get("/graphs/{graph_id:str}/picture.svg", include_in_schema=False)
async def picture_file(
    request: Asked, services: NamedDependency[Services], graph_id: str, revision: Number = None
) -> Response[str]:
    """The graph in small, as a file of its own."""
    stored = await services.store.graphs.revision(graph_id, request.user, revision)
    headers = {"ETag": f'"{stored.id}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response("", status_code=304, headers=headers)
    return Response(picture(graph_of(stored.document)), media_type="image/svg+xml", headers=headers)


# --- what changed -----------------------------------------------------------------------------------------------------


@get("/graphs/{graph_id:str}/diff", include_in_schema=False)
async def diff_page(
    request: Asked,
    services: NamedDependency[Services],
    graph_id: str,
    before: Annotated[int, Parameter(query="from", ge=1, le=2**31 - 1)],
    after: Annotated[int, Parameter(query="to", ge=1, le=2**31 - 1)],
) -> Template:
    """Two revisions: what changed in sentences, and both pictures with the changes marked."""
    graphs, viewer = services.store.graphs, request.user
    found = await graphs.find(graph_id, viewer)
    old, new = [await graphs.revision(graph_id, viewer, number) for number in (before, after)]
    shown = await asyncio.to_thread(_compared, old, new)
    revisions = await graphs.revisions(graph_id, viewer)
    return page(
        request, "pages/graph_diff.html", graph=found, old=old, new=new, revisions=revisions, section="graphs", **shown
    )


def _compared(old: Revision, new: Revision) -> dict[str, Any]:
    before, after = graph_of(old.document), graph_of(new.document)
    found = diff(before, after)
    marks = marks_of(before, after, found)
    pictures = [
        sized(draw(graph, registry(), values=False, report=report_of(revision.document), marks=marks))
        for graph, revision in ((before, old), (after, new))
    ]
    return {"diff": found, "pictures": pictures}


# --- what a form does -------------------------------------------------------------------------------------------------


@post("/graphs/{graph_id:str}/copy", include_in_schema=False)
async def copy_graph(request: Asked, services: NamedDependency[Services], graph_id: str) -> Redirect:
    """A copy among the own graphs."""
    copied = await services.store.graphs.copy(graph_id, request.user, now=services.clock())
    return Redirect(f"/graphs/{copied.id}", status_code=303)


@post("/graphs/{graph_id:str}/archive", include_in_schema=False)
async def archive_graph(request: Asked, services: NamedDependency[Services], graph_id: str) -> Redirect:
    """Out of sight, or back."""
    form = await request.form()
    away = form.get("archived") == "1"
    await services.store.graphs.archive(graph_id, request.user, archived=away, now=services.clock())
    return Redirect("/graphs" if away else f"/graphs/{graph_id}", status_code=303)


@post("/graphs/import", include_in_schema=False, request_max_body_size=LARGEST)
async def import_graph(request: Asked, services: NamedDependency[Services]) -> Redirect:
    """A new graph from a file or from pasted text."""
    document, message = await _imported(request)
    graph = await services.store.graphs.create(
        request.user, document, message=message or "Imported", now=services.clock()
    )
    return Redirect(f"/graphs/{graph.id}", status_code=303)


@post("/graphs/{graph_id:str}/revisions", include_in_schema=False, request_max_body_size=LARGEST)
async def import_revision(request: Asked, services: NamedDependency[Services], graph_id: str) -> Redirect:
    """A file as the next revision of a graph."""
    document, message = await _imported(request)
    based_on = str((await request.form()).get("based_on", ""))
    if not (based_on.isascii() and based_on.isdigit() and len(based_on) < 10):
        raise InputError("The form does not say which revision this is based on; load the page again.")
    await services.store.graphs.publish(
        graph_id, request.user, document, based_on=int(based_on), message=message, now=services.clock()
    )
    return Redirect(f"/graphs/{graph_id}", status_code=303)


async def _imported(request: Asked) -> tuple[str, str]:
    """Document and message of an import form.  Where the file came from is of no account."""
    form = await request.form()
    file, text = form.get("file"), str(form.get("text", ""))
    if isinstance(file, UploadFile):
        content = await file.read()
        if content.strip():
            try:
                text = content.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise InputError("The file is not text in UTF-8; a graph document is a JSON file.") from None
    if not text.strip():
        raise InputError("There is nothing to import: choose a graph document (a JSON file) or paste one.")
    return text, str(form.get("message", ""))[:2000]


ROUTES: list[Any] = [
    gallery, graph_page, revision_page, node_panel, picture_file, diff_page, copy_graph, archive_graph, import_graph,
    import_revision,
]  # fmt: skip
