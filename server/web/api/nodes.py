"""`/api/nodes`: the catalogue of node types."""

from typing import Annotated, Any

from litestar import get
from litestar.params import Parameter

from engine.schema import Entry, catalogue, entry_of
from server.errors import NotFound
from server.graph_checks import registry

_READ, _TAGS = {"scope": "graphs:read"}, ["nodes"]


@get("/api/nodes", summary="All node types", sync_to_thread=True, opt=_READ, tags=_TAGS)
def list_nodes(search: Annotated[str, Parameter(max_length=100)] = "") -> list[Entry]:
    """With ports, params and what the palette writes; `search` looks in types, words for them and descriptions."""
    words = search.lower().split()
    return [entry for entry in catalogue(registry()) if all(word in _words(entry) for word in words)]


@get("/api/nodes/{tag:str}", summary="A node type", sync_to_thread=True, opt=_READ, tags=_TAGS)
def get_node(tag: str) -> Entry:
    """As in the list."""
    if tag not in registry():
        raise NotFound(f"There is no node type {tag!r}; GET /api/nodes lists all.")
    return entry_of(tag, registry()[tag])


def _words(entry: Entry) -> str:
    return " ".join((entry.type, entry.doc, *entry.synonyms)).lower()


ROUTES: list[Any] = [list_nodes, get_node]
