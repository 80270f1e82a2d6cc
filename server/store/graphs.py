"""Graphs in the database: revisions that never change, private drafts, and the built-in ones for everybody."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.document import decode, encode, logic_hash
from engine.errors import InputError
from server.clock import now as clock
from server.errors import Conflict, Forbidden, NotFound
from server.graphs import BUILT_IN, TAGS, built_in_ids
from server.ids import new_id
from server.people import User
from server.store import graph_rows as rows
from server.store.database import Database
from server.store.graph_rows import Draft, GraphPage, Revision, RevisionHead, StoredGraph, seen_by, struct_of
from server.store.graph_runs import GraphRuns
from server.store.tables import graph_drafts, graph_revisions, graphs

if TYPE_CHECKING:
    from server.store.store import Store

__all__ = ["Draft", "GraphPage", "Graphs", "Revision", "RevisionHead", "StoredGraph", "seed_built_ins"]


class Graphs(GraphRuns):
    """Graphs and their revisions.  What is not the viewer's and not built in is not there."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._insert = (sqlite if database.is_sqlite else postgresql).insert

    # --- graphs -------------------------------------------------------------------------------------------------------

    async def find(self, graph_id: str, viewer: User) -> StoredGraph:
        """A graph.  Raises NotFound also if it is somebody else's."""
        async with self._db.read() as connection:
            return await _find(connection, graph_id, viewer)

    async def list(
        self,
        viewer: User,
        *,
        search: str = "",
        tag: str = "",
        kind: str = "",
        built_in: bool | None = None,
        archived: bool = False,
        after: str | None = None,
        limit: int = rows.NEWEST,
    ) -> GraphPage:
        """Graphs, the last changed first.  `search` looks in names and tags, `after` is the `next` of a page."""
        limit = min(max(limit, 1), rows.MOST)
        order = (graphs.c.updated_at.desc(), graphs.c.id.desc())
        query = rows.GRAPH.where(seen_by(viewer), *_chosen(search, tag, kind, built_in, archived))
        query = query.where(_behind(after)) if after else query
        async with self._db.read() as connection:
            found = (await connection.execute(query.order_by(*order).limit(limit + 1))).mappings().all()
        items = [struct_of(StoredGraph, row) for row in found[:limit]]
        return GraphPage(items, f"{items[-1].updated_at}.{items[-1].id}" if len(found) > limit else None)

    async def tags(self, viewer: User) -> Sequence[str]:
        """All tags of the graphs a viewer sees."""
        query = sa.select(graphs.c.tags).where(seen_by(viewer), graphs.c.archived_at.is_(None))
        async with self._db.read() as connection:
            return sorted({tag for found in (await connection.execute(query)).scalars() for tag in found})

    async def create(
        self, owner: User, document: str, *, message: str = "", tags: Sequence[str] = (), now: int
    ) -> StoredGraph:
        """A graph with its first revision.  Raises InputError for what is no graph document; it need not be valid."""
        written = _Written(new_id(), document, author=owner.id, message=message, now=now)
        async with self._db.write() as connection:
            await connection.execute(written.graph_row(_tidy(tags)))
            await connection.execute(written.revision_row(1, None))
            return await _find(connection, written.graph_id, owner)

    async def copy(self, graph_id: str, viewer: User, *, now: int, number: int | None = None) -> StoredGraph:
        """An own graph with the document of another, called a copy of it."""
        source = await self.revision(graph_id, viewer, number)
        found = await self.find(graph_id, viewer)
        graph = decode(source.document.encode())
        copied = encode(msgspec.structs.replace(graph, name=f"{graph.name} (copy)")).decode()
        message = f"Copy of {found.name}, revision {source.number}"
        return await self.create(viewer, copied, message=message, tags=found.tags, now=now)

    async def archive(self, graph_id: str, viewer: User, *, archived: bool, now: int) -> StoredGraph:
        """Put a graph out of sight, or back."""
        return await self._update(graph_id, viewer, archived_at=now if archived else None)

    async def set_tags(self, graph_id: str, viewer: User, tags: Sequence[str]) -> StoredGraph:
        """Give a graph other tags."""
        return await self._update(graph_id, viewer, tags=_tidy(tags))

    async def _update(self, graph_id: str, viewer: User, **values: Any) -> StoredGraph:
        async with self._db.write() as connection:
            _own(await _find(connection, graph_id, viewer))
            await connection.execute(sa.update(graphs).where(graphs.c.id == graph_id).values(**values))
            return await _find(connection, graph_id, viewer)

    # --- revisions ----------------------------------------------------------------------------------------------------

    async def publish(
        self, graph_id: str, viewer: User, document: str, *, based_on: int, message: str = "", now: int
    ) -> RevisionHead:
        """A new revision.  Raises Conflict with the current number if it is not the one this is based on."""
        written = _Written(graph_id, document, author=viewer.id, message=message, now=now)
        async with self._db.write() as connection:
            found = _own(await _find(connection, graph_id, viewer))
            raised = found.head == based_on and await connection.execute(written.next_head(based_on))
            if not raised or raised.rowcount != 1:
                head = (await _find(connection, graph_id, viewer)).head
                raise Conflict(
                    f"The graph is at revision {head}, this is based on {based_on}; load revision {head} and make the"
                    " changes again."
                )
            await connection.execute(written.revision_row(based_on + 1, based_on))
            query = _numbered(rows.REVISION_HEAD, graph_id, based_on + 1)
            return struct_of(RevisionHead, (await connection.execute(query)).mappings().one())

    async def revision(self, graph_id: str, viewer: User, number: int | None = None) -> Revision:
        """A revision with its document, the newest if no number is given."""
        async with self._db.read() as connection:
            found = await _find(connection, graph_id, viewer)
            number = found.head if number is None else number
            if not 1 <= number <= found.head:
                raise NotFound(f"Graph {found.name!r} has no revision {number}; its newest is {found.head}.")
            row = (await connection.execute(_numbered(rows.REVISION, graph_id, number))).mappings().one()
            return struct_of(Revision, row)

    async def revisions(
        self, graph_id: str, viewer: User, *, below: int | None = None, limit: int = rows.MOST
    ) -> Sequence[RevisionHead]:
        """Revisions without documents, newest first; `below` a number for older ones."""
        query = rows.REVISION_HEAD.where(graph_revisions.c.graph_id == graph_id)
        query = query.where(graph_revisions.c.number < min(below, 2**31 - 1)) if below is not None else query
        query = query.order_by(graph_revisions.c.number.desc()).limit(min(max(limit, 1), rows.MOST))
        async with self._db.read() as connection:
            await _find(connection, graph_id, viewer)
            return [struct_of(RevisionHead, row) for row in (await connection.execute(query)).mappings()]

    async def documents(self, revision_ids: Sequence[str], viewer: User) -> Mapping[str, str]:
        """Documents of several revisions at once."""
        query = (
            sa.select(graph_revisions.c.id, graph_revisions.c.document)
            .join(graphs, graphs.c.id == graph_revisions.c.graph_id)
            .where(graph_revisions.c.id.in_(revision_ids), seen_by(viewer))
        )
        async with self._db.read() as connection:
            return {row.id: row.document for row in await connection.execute(query)}

    # --- drafts -------------------------------------------------------------------------------------------------------

    async def draft(self, graph_id: str, viewer: User) -> Draft | None:
        """The viewer's draft of a graph, None if they have none."""
        async with self._db.read() as connection:
            await _find(connection, graph_id, viewer)
            return await _draft(connection, graph_id, viewer)

    async def save_draft(
        self, graph_id: str, viewer: User, document: str, *, base: int, version: int, now: int
    ) -> Draft:
        """Keep a draft; `version` is the one it is based on, 0 for the first save.

        Raises Conflict with the current version if another window saved meanwhile, InputError if it is no JSON object.
        """
        _check_json(document)
        async with self._db.write() as connection:
            found = _own(await _find(connection, graph_id, viewer))
            if not 1 <= base <= found.head:
                raise InputError(f"The draft is based on revision {base}; the graph has 1 to {found.head}.")
            kept = await _draft(connection, graph_id, viewer)
            _check_version(kept, version)
            draft = Draft(graph_id=graph_id, base=base, version=version + 1, document=document, updated_at=now)
            values, key = msgspec.structs.asdict(draft), {"graph_id": graph_id, "user_id": viewer.id}
            # Between the look and the write another window may have saved: it has won then.
            if kept is None:
                statement = self._insert(graph_drafts).values(**key | values).on_conflict_do_nothing()
            else:
                statement = sa.update(graph_drafts).filter_by(**key, version=version).values(**values)
            if (await connection.execute(statement)).rowcount != 1:
                _check_version(await _draft(connection, graph_id, viewer), version)
        return draft

    async def drop_draft(self, graph_id: str, viewer: User) -> None:
        """Throw the viewer's draft away."""
        async with self._db.write() as connection:
            await _find(connection, graph_id, viewer)
            await connection.execute(sa.delete(graph_drafts).filter_by(graph_id=graph_id, user_id=viewer.id))

    # --- built-in graphs ----------------------------------------------------------------------------------------------

    async def seed(self, graph_id: str, document: str, *, tags: Sequence[str], now: int) -> bool:
        """Make a built-in graph what its document says; True if that was something new."""
        async with self._db.write() as connection:
            head = await _seeded(connection, graph_id, document, tags)
            if head is None:
                return False
            message = "A newer Tradegraph" if head else "Built in"
            written = _Written(graph_id, document, author=None, message=message, now=now)
            await connection.execute(written.next_head(head) if head else written.graph_row(list(tags)))
            await connection.execute(written.revision_row(head + 1, head or None))
            return True


async def seed_built_ins(store: "Store", now: int | None = None) -> list[str]:
    """Put the graphs of the `graphs/` folder in the database; the ids of those that are new or changed."""
    changed: list[str] = []
    for name in built_in_ids():
        document = (BUILT_IN / f"{name}.json").read_text(encoding="utf-8")
        try:
            if await store.graphs.seed(name, document, tags=TAGS.get(name, ()), now=clock() if now is None else now):
                changed.append(name)
        except IntegrityError:  # another server that starts on this database was quicker: it has written the same
            continue
    return changed


# --- questions --------------------------------------------------------------------------------------------------------


async def _find(connection: AsyncConnection, graph_id: str, viewer: User) -> StoredGraph:
    query = rows.GRAPH.where(graphs.c.id == _clean(graph_id), seen_by(viewer))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no graph {graph_id!r}.")
    return struct_of(StoredGraph, row)


async def _draft(connection: AsyncConnection, graph_id: str, viewer: User) -> Draft | None:
    columns = [graph_drafts.c[name] for name in Draft.__struct_fields__]
    query = sa.select(*columns).filter_by(graph_id=graph_id, user_id=viewer.id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else struct_of(Draft, row)


async def _seeded(connection: AsyncConnection, graph_id: str, document: str, tags: Sequence[str]) -> int | None:
    """The newest revision of a built-in graph, 0 if it is not there, None if there is nothing to write."""
    query = (
        sa.select(graphs.c.head, graphs.c.tags, graph_revisions.c.document)
        .join(graph_revisions, graph_revisions.c.graph_id == graphs.c.id)
        .where(graphs.c.id == graph_id, graph_revisions.c.number == graphs.c.head)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return 0
    if row.tags != list(tags):
        await connection.execute(sa.update(graphs).where(graphs.c.id == graph_id).values(tags=list(tags)))
    return None if row.document == document else row.head


def _numbered(query: sa.Select[Any], graph_id: str, number: int) -> sa.Select[Any]:
    return query.where(graph_revisions.c.graph_id == graph_id, graph_revisions.c.number == number)


def _chosen(search: str, tag: str, kind: str, built_in: bool | None, archived: bool) -> list[sa.ColumnElement[bool]]:
    search, tag, kind = map(_clean, (search, tag, kind))
    tags = sa.cast(graphs.c.tags, sa.Text)
    where: list[sa.ColumnElement[bool]] = [
        graphs.c.archived_at.is_not(None) if archived else graphs.c.archived_at.is_(None)
    ]
    if search:
        # JSON text has other characters than ASCII as \\uXXXX
        inside = json.dumps(search.lower())[1:-1]
        where.append(
            sa.or_(
                sa.func.lower(graphs.c.name).contains(search.lower(), autoescape=True),
                tags.contains(inside, autoescape=True),
            )
        )
    if tag:
        where.append(tags.contains(json.dumps(tag), autoescape=True))
    if kind:
        where.append(graphs.c.kind == kind)
    if built_in is not None:
        where.append(graphs.c.built_in.is_(built_in))
    return where


def _behind(cursor: str) -> sa.ColumnElement[bool]:
    """What comes after a cursor in the order of the list.  Raises InputError for what is no cursor."""
    at, _, graph_id = _clean(cursor).partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 17 and graph_id):
        raise InputError(f"after={cursor!r} is no cursor; take the `next` of the page before.")
    return sa.or_(graphs.c.updated_at < int(at), sa.and_(graphs.c.updated_at == int(at), graphs.c.id < graph_id))


# --- what is written --------------------------------------------------------------------------------------------------


class _Written:
    """A document on its way into the database, and the statements that bring it there."""

    def __init__(self, graph_id: str, document: str, *, author: str | None, message: str, now: int) -> None:
        self.graph_id, self.document, self.author, self.now = graph_id, document, author, now
        self.message = _clean(message)
        self.graph = decode(document.encode(), "graph")
        self._shown = {"name": _clean(self.graph.name or self.graph.id)[:200], "kind": self.graph.kind}

    def graph_row(self, tags: Sequence[str]) -> sa.Insert:
        """The graph itself; without an author it is built in."""
        values = {"owner_id": self.author, "built_in": self.author is None, "tags": list(tags), "head": 1}
        times = {"created_at": self.now, "updated_at": self.now}
        return sa.insert(graphs).values(id=self.graph_id, **self._shown, **values, **times)

    def next_head(self, head: int) -> sa.Update:
        """Count the graph up, if it still is where this revision begins."""
        at_head = (graphs.c.id == self.graph_id) & (graphs.c.head == head)
        return sa.update(graphs).where(at_head).values(head=head + 1, updated_at=self.now, **self._shown)

    def revision_row(self, number: int, parent: int | None) -> sa.Insert:
        """The revision."""
        values = {"document": self.document, "logic_hash": logic_hash(self.graph), "message": self.message}
        return sa.insert(graph_revisions).values(
            id=new_id(), graph_id=self.graph_id, number=number, parent=parent, author_id=self.author,
            created_at=self.now, **values,
        )  # fmt: skip


def _own(found: StoredGraph) -> StoredGraph:
    """A graph that may be changed."""
    if found.built_in:
        raise Forbidden(f"{found.name!r} is built in and stays as it is; copy it to your graphs and change the copy.")
    return found


def _clean(text: str) -> str:
    """Text without NUL, which PostgreSQL does not keep."""
    return text.replace("\0", "")


def _tidy(tags: Sequence[str]) -> list[str]:
    """Tags in small letters, each once."""
    return sorted({" ".join(_clean(tag).lower().split())[:40] for tag in tags} - {""})[:20]


def _check_json(document: str) -> None:
    try:
        msgspec.json.decode(document, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"The draft is not a JSON object: {error}") from None


def _check_version(kept: Draft | None, version: int) -> None:
    current = kept.version if kept else 0
    if current != version:
        raise Conflict(f"The draft is at version {current}, this save is based on {version}; load it first.")
