"""Graphs in the database, on SQLite and PostgreSQL: revisions, drafts, ownership, the built-in ones."""

import asyncio

import msgspec
import pytest

from engine.document import decode, encode, logic_hash
from engine.errors import InputError
from server.errors import Conflict, Forbidden, NotFound
from server.graphs import BUILT_IN, built_in_ids, load_graph
from server.people import User
from server.store.graphs import StoredGraph, seed_built_ins
from server.store.store import Store
from server.store.tables import backtests, users

ANN = User(id="ann", name="Ann", role="user")
BOB = User(id="bob", name="Bob", role="admin")
TEXT = (BUILT_IN / "ema_cross.json").read_text()


@pytest.fixture
async def people(store: Store) -> Store:
    async with store.database.write() as connection:
        for user in (ANN, BOB):
            await connection.execute(
                users.insert().values(
                    id=user.id, name=user.name, key=user.id, password="", role=user.role, active=True,
                    must_change=False, created_at=0,
                )
            )  # fmt: skip
    return store


async def made(store: Store, owner: User = ANN, text: str = TEXT, now: int = 1000) -> StoredGraph:
    return await store.graphs.create(owner, text, message="first", tags=["Trend", " trend "], now=now)


def called(name: str) -> str:
    return encode(msgspec.structs.replace(load_graph("ema_cross"), name=name)).decode()


async def test_a_document_comes_back_as_it_went_in(people: Store) -> None:
    strange = TEXT.replace('"indicator.ema"', '"gone.node"').replace("  ", "\t").replace("EMA cross", "Ä 🐍 \\u00e9")
    graph = await made(people, text=strange)
    found = await people.graphs.revision(graph.id, ANN)
    assert found.document == strange
    assert found.logic_hash == graph.logic_hash == logic_hash(decode(strange.encode()))
    assert (found.number, found.parent, found.author, found.message, found.created_at) == (
        1,
        None,
        "Ann",
        "first",
        1000,
    )
    assert (graph.name, graph.kind, graph.tags, graph.head) == ("Ä 🐍 é", "advisor", ["trend"], 1)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 2}', "\ud800", "\0"])
async def test_what_is_no_document_is_refused(people: Store, text: str) -> None:
    with pytest.raises(InputError):
        await made(people, text=text.encode("utf-8", "replace").decode())
    assert (await people.graphs.list(ANN)).items == []


async def test_revisions_count_up_and_need_the_newest(people: Store) -> None:
    graph = await made(people)
    second = await people.graphs.publish(graph.id, ANN, called("Two"), based_on=1, message="longer", now=2000)
    assert (second.number, second.parent, second.author, second.message) == (2, 1, "Ann", "longer")
    with pytest.raises(Conflict, match="at revision 2, this is based on 1"):
        await people.graphs.publish(graph.id, ANN, called("Lost"), based_on=1, now=3000)
    for nowhere in (0, 3, -1, 2**40):
        with pytest.raises(Conflict):
            await people.graphs.publish(graph.id, ANN, called("Lost"), based_on=nowhere, now=3000)
    found = await people.graphs.find(graph.id, ANN)
    assert (found.name, found.head, found.updated_at) == ("Two", 2, 2000)
    assert [r.number for r in await people.graphs.revisions(graph.id, ANN)] == [2, 1]
    assert [r.number for r in await people.graphs.revisions(graph.id, ANN, below=2)] == [1]
    assert (await people.graphs.revision(graph.id, ANN, 1)).document == TEXT
    for nowhere in (0, 3, 2**40):
        with pytest.raises(NotFound, match="no revision"):
            await people.graphs.revision(graph.id, ANN, nowhere)


async def test_of_many_that_publish_at_once_one_wins(people: Store) -> None:
    graph = await made(people)
    tried = [
        people.graphs.publish(graph.id, ANN, called(f"Try {n}"), based_on=1, message=str(n), now=n) for n in range(20)
    ]
    answers = await asyncio.gather(*tried, return_exceptions=True)
    (won,) = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert all(isinstance(answer, Conflict) for answer in answers if answer is not won)
    assert [r.number for r in await people.graphs.revisions(graph.id, ANN)] == [2, 1]
    assert (await people.graphs.find(graph.id, ANN)).name == f"Try {won.message}"


async def test_what_is_not_theirs_is_not_there(people: Store) -> None:
    graph, store = await made(people), people.graphs
    await store.save_draft(graph.id, ANN, "{}", base=1, version=0, now=1)
    for wrong in (graph.id, "nothing", "", "a\0b", "' OR 1=1 --"):
        for refused in (
            store.find(wrong, BOB),
            store.revision(wrong, BOB),
            store.revisions(wrong, BOB),
            store.publish(wrong, BOB, TEXT, based_on=1, now=1),
            store.copy(wrong, BOB, now=1),
            store.archive(wrong, BOB, archived=True, now=1),
            store.set_tags(wrong, BOB, []),
            store.draft(wrong, BOB),
            store.save_draft(wrong, BOB, "{}", base=1, version=0, now=1),
            store.drop_draft(wrong, BOB),
        ):
            with pytest.raises(NotFound):
                await refused
    assert (await store.list(BOB)).items == []
    assert await store.tags(BOB) == []
    assert await store.documents([graph.revision_id], BOB) == {}
    assert await store.documents([graph.revision_id], ANN) == {graph.revision_id: TEXT}
    assert (await store.draft(graph.id, ANN)) is not None


async def test_drafts_are_private_counted_and_need_not_be_valid(people: Store) -> None:
    graph, store = await made(people), people.graphs
    assert await store.draft(graph.id, ANN) is None
    with pytest.raises(InputError, match="not a JSON object"):
        await store.save_draft(graph.id, ANN, '{"half": ', base=1, version=0, now=1)
    first = await store.save_draft(graph.id, ANN, '{ "nodes": 5 }', base=1, version=0, now=5)
    second = await store.save_draft(graph.id, ANN, '{"x": "\\u0000"}', base=1, version=1, now=6)
    assert (first.version, second.version) == (1, 2)
    for stale in (0, 1, 3):
        with pytest.raises(Conflict, match="at version 2"):
            await store.save_draft(graph.id, ANN, "{}", base=1, version=stale, now=7)
    with pytest.raises(InputError, match="based on revision 2"):
        await store.save_draft(graph.id, ANN, "{}", base=2, version=2, now=7)
    assert await store.draft(graph.id, ANN) == second
    await store.drop_draft(graph.id, ANN)
    assert await store.draft(graph.id, ANN) is None


async def test_of_many_that_save_a_draft_at_once_one_wins(people: Store) -> None:
    graph, store = await made(people), people.graphs
    for version in (0, 1):
        tried = [store.save_draft(graph.id, ANN, f'{{"n": {n}}}', base=1, version=version, now=n) for n in range(10)]
        answers = await asyncio.gather(*tried, return_exceptions=True)
        (won,) = [answer for answer in answers if not isinstance(answer, BaseException)]
        assert all(isinstance(answer, Conflict) for answer in answers if answer is not won)
        assert await store.draft(graph.id, ANN) == won


async def test_lists_search_filter_and_go_on(people: Store) -> None:
    store = people.graphs
    for n in range(7):
        await store.create(ANN, called(f"Graph {n} 100%"), tags=[f"t{n % 2}", "ünï"], now=100 + n // 2)
    first = await store.list(ANN, limit=3)
    second = await store.list(ANN, limit=3, after=first.next)
    third = await store.list(ANN, limit=3, after=second.next)
    names = [g.name for page in (first, second, third) for g in page.items]
    assert sorted(names) == [f"Graph {n} 100%" for n in range(7)] and names[0] == "Graph 6 100%"
    assert third.next is None
    assert [g.name for g in (await store.list(ANN, search="GRAPH 3")).items] == ["Graph 3 100%"]
    assert len((await store.list(ANN, search="0%")).items) == 7
    assert (await store.list(ANN, search="_raph%")).items == []
    assert len((await store.list(ANN, search="ÜNÏ")).items) == 7
    assert len((await store.list(ANN, tag="t1")).items) == 3
    assert (await store.list(ANN, tag="t")).items == []
    assert len((await store.list(ANN, tag="ünï", kind="advisor")).items) == 7
    assert (await store.list(ANN, kind="cycle", search="'; DROP TABLE graphs; --\0")).items == []
    assert await store.tags(ANN) == ["t0", "t1", "ünï"]
    for cursor in ("x", "1", ".a", "-5.a", "99999999999999999999.a"):
        with pytest.raises(InputError, match="no cursor"):
            await store.list(ANN, after=cursor)


async def test_archived_graphs_are_out_of_sight_and_come_back(people: Store) -> None:
    graph, store = await made(people), people.graphs
    assert (await store.archive(graph.id, ANN, archived=True, now=9)).archived_at == 9
    assert (await store.list(ANN)).items == []
    assert [g.id for g in (await store.list(ANN, archived=True)).items] == [graph.id]
    assert (await store.archive(graph.id, ANN, archived=False, now=10)).archived_at is None
    assert [g.id for g in (await store.list(ANN)).items] == [graph.id]


async def test_built_in_graphs_are_there_once_and_follow_their_files(people: Store) -> None:
    store = people.graphs
    assert sorted(await seed_built_ins(people, now=5)) == built_in_ids()
    assert await seed_built_ins(people, now=6) == []
    page = await store.list(BOB, built_in=True)
    assert sorted(g.id for g in page.items) == built_in_ids()
    assert all(g.built_in and g.owner_id is None and g.tags and g.head == 1 and g.updated_at == 5 for g in page.items)
    for name in built_in_ids():
        assert (await store.revision(name, ANN)).document == (BUILT_IN / f"{name}.json").read_text()
    assert await store.seed("ema_cross", called("New"), tags=["a"], now=7)
    found = await store.find("ema_cross", ANN)
    assert (found.head, found.name, found.tags) == (2, "New", ["a"])
    assert await seed_built_ins(people, now=8) == ["ema_cross"]
    assert [r.parent for r in await store.revisions("ema_cross", ANN)] == [2, 1, None]


async def test_servers_that_start_together_seed_once(people: Store) -> None:
    changed = await asyncio.gather(*(seed_built_ins(people, now=5) for _ in range(3)))
    assert sorted(name for names in changed for name in names) == built_in_ids()
    assert all(g.head == 1 for g in (await people.graphs.list(ANN)).items)


async def test_built_in_graphs_stay_and_are_copied(people: Store) -> None:
    await seed_built_ins(people, now=5)
    store = people.graphs
    for refused in (
        store.publish("ema_cross", BOB, TEXT, based_on=1, now=6),
        store.archive("ema_cross", BOB, archived=True, now=6),
        store.set_tags("ema_cross", BOB, []),
        store.save_draft("ema_cross", BOB, "{}", base=1, version=0, now=6),
    ):
        with pytest.raises(Forbidden, match="copy it"):
            await refused
    copy = await store.copy("ema_cross", BOB, now=7)
    assert (copy.owner_id, copy.name, copy.tags) == ("bob", "EMA cross (copy)", ["beginner", "trend"])
    assert copy.logic_hash == (await store.find("ema_cross", BOB)).logic_hash
    assert (await store.revision(copy.id, BOB)).message == "Copy of EMA cross, revision 1"
    await store.publish(copy.id, BOB, TEXT, based_on=1, now=8)


async def test_the_last_finished_back_test_of_each_graph_is_found(people: Store) -> None:
    graph, other, store = await made(people), await made(people), people.graphs
    rows = [("a", graph, "done", 1, 0.1), ("b", graph, "done", 2, 0.2), ("c", graph, "failed", 3, None)]
    rows.append(("d", other, "done", 1, -0.3))
    async with people.database.write() as connection:
        for name, of, status, at, gain in rows:
            await connection.execute(
                backtests.insert().values(
                    id=name, owner_id="ann", graph_id=of.id, revision=1, name=name, logic_hash="", document="{}",
                    request={}, status=status, stage="", progress=1.0, created_at=at,
                    summary=None if gain is None else {"total_return": gain},
                )
            )  # fmt: skip
    last = await store.last_runs([graph.id, other.id, "none"], ANN)
    assert {of: run.total_return for of, run in last.items()} == {graph.id: 0.2, other.id: -0.3}
    assert [run.id for run in await store.runs(graph.id, ANN, limit=2)] == ["c", "b"]
    assert await store.last_runs([graph.id], BOB) == {} and await store.runs(graph.id, BOB, limit=2) == []
