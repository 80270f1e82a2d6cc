"""What the store gives back of graphs: their heads, revisions and drafts."""

from typing import Any

import msgspec
import sqlalchemy as sa

from server.people import User
from server.store.tables import graph_revisions, graphs, users

NEWEST = 50  # graphs on a page unless asked otherwise
MOST = 200


class StoredGraph(msgspec.Struct, frozen=True, kw_only=True):
    """A graph without its documents; name and kind are those of the newest revision, `head` its number.

    `owner_id` is None for a built-in graph.  `revision_id` and `logic_hash` are those of the newest revision.
    """

    id: str
    owner_id: str | None
    name: str
    kind: str
    tags: list[str]
    built_in: bool
    head: int
    created_at: int
    updated_at: int
    archived_at: int | None
    revision_id: str
    logic_hash: str


class RevisionHead(msgspec.Struct, frozen=True, kw_only=True):
    """A revision without its document; `parent` is the number it was based on, `author` a name, None if gone."""

    id: str
    graph_id: str
    number: int
    parent: int | None
    logic_hash: str
    message: str
    author_id: str | None
    author: str | None
    created_at: int


class Revision(RevisionHead, frozen=True, kw_only=True):
    """A revision with its document, byte for byte as it was given."""

    document: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is working on: seen by them only, valid or not.  `version` counts the saves."""

    graph_id: str
    base: int
    version: int
    document: str
    updated_at: int


class GraphPage(msgspec.Struct, frozen=True):
    """A part of a list and the cursor that gives the next one, None at the end."""

    items: list[StoredGraph]
    next: str | None


GRAPH = sa.select(graphs, graph_revisions.c.id.label("revision_id"), graph_revisions.c.logic_hash).join(
    graph_revisions,
    sa.and_(graph_revisions.c.graph_id == graphs.c.id, graph_revisions.c.number == graphs.c.head),
)

_HEAD = [column for column in graph_revisions.c if column.name != "document"]
REVISION_HEAD = sa.select(*_HEAD, users.c.name.label("author")).outerjoin(
    users, users.c.id == graph_revisions.c.author_id
)
REVISION = REVISION_HEAD.add_columns(graph_revisions.c.document)


def seen_by(viewer: User) -> sa.ColumnElement[bool]:
    """Own graphs and built-in ones."""
    return sa.or_(graphs.c.owner_id == viewer.id, graphs.c.built_in)


def struct_of[T: msgspec.Struct](kind: type[T], row: Any) -> T:
    """A row as a struct."""
    return kind(**row)
