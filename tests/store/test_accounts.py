"""People in the store, on both databases."""

import asyncio
from typing import Any

import pytest

from engine.errors import InputError
from server.errors import Conflict, Forbidden, NotFound
from server.people import Role
from server.store.crypt import Crypt
from server.store.sessions import Session
from server.store.store import Store

DAY = 86_400_000


async def person(store: Store, name: str, role: Any = "user") -> Any:
    return await store.accounts.add(name, "hash of " + name, role, 1, must_change=False)


def session(user_id: str, digest: str, *, now: int = 100, until: int = 1000) -> Session:
    return Session(
        digest=digest, user_id=user_id, csrf="c", created_at=now, seen_at=now, expires_at=until, address="", agent=""
    )


async def test_names_are_found_in_any_case(store: Store) -> None:
    anna = await person(store, " Änna ")
    found = await store.accounts.by_name("äNNA")
    assert found == (anna, "hash of  Änna ")
    assert anna.name == "Änna"
    assert await store.accounts.by_name("anna") is None
    with pytest.raises(Conflict, match="there is a user"):
        await person(store, "ÄNNA")


async def test_the_last_admin_stays(store: Store) -> None:
    first, second = await person(store, "a", "admin"), await person(store, "b", "admin")
    await store.accounts.change(first.id, role="user", active=True)
    changes: list[tuple[Role, bool]] = [("user", True), ("admin", False), ("user", False)]
    for role, active in changes:
        with pytest.raises(Conflict, match="last admin"):
            await store.accounts.change(second.id, role=role, active=active)
    await store.accounts.change(first.id, role="admin", active=False)  # closed: counts as none
    with pytest.raises(Conflict, match="last admin"):
        await store.accounts.change(second.id, role="user", active=True)
    with pytest.raises(NotFound):
        await store.accounts.change("nobody", role="user", active=True)


async def test_two_admins_who_remove_each_other(store: Store) -> None:
    first, second = await person(store, "a", "admin"), await person(store, "b", "admin")
    done = await asyncio.gather(
        *(store.accounts.change(one.id, role="user", active=True) for one in (first, second)), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in done) == 1
    assert [one.role for one in await store.accounts.all()].count("admin") == 1


async def test_an_invitation_is_used_once(store: Store) -> None:
    admin = await person(store, "a", "admin")
    await store.accounts.invite("Bea", "admin", admin.id, 5)
    with pytest.raises(Conflict, match="invited already"):
        await store.accounts.invite("BEA", "user", admin.id, 5)
    with pytest.raises(Conflict, match="there is a user"):
        await store.accounts.invite("A", "user", admin.id, 5)
    done = await asyncio.gather(*(store.accounts.sign_up("bea", "hash", 6) for _ in range(3)), return_exceptions=True)
    (bea,) = [one for one in done if not isinstance(one, BaseException)]
    assert bea.role == "admin"
    assert all(isinstance(one, Forbidden | Conflict) for one in done if isinstance(one, BaseException))
    assert await store.accounts.invitations() == []
    with pytest.raises(NotFound):
        await store.accounts.withdraw("bea")


async def test_sessions_end(store: Store) -> None:
    sessions = store.accounts.sessions
    anna = await person(store, "Anna")
    await sessions.begin(session(anna.id, "one"))
    found = await sessions.find("one", 150, 100)
    assert found and found[1].name == "Anna" and found[0].digest == "one"
    assert await sessions.find("one", 200, 100) is None, "idle for too long"
    await sessions.touch(found[0], 190)
    assert await sessions.find("one", 200, 100), "used meanwhile"
    assert await sessions.find("one", 1000, 10_000) is None, "older than a session may get"
    assert await sessions.find("two", 150, 100) is None
    await store.accounts.change(anna.id, role="user", active=False)
    assert await sessions.find("one", 200, 100) is None, "the account is closed"
    await store.accounts.change(anna.id, role="user", active=True)
    other = await person(store, "Otto")
    with pytest.raises(NotFound):
        await sessions.end("one", other.id)
    await sessions.begin(session(anna.id, "two"))
    assert [one.digest for one in await sessions.of_user(anna.id, 191, 1000)] == ["one", "two"]
    assert await sessions.end_all(anna.id) == 2
    await sessions.begin(session(anna.id, "old", until=150))
    await sessions.begin(session(anna.id, "new", now=200))
    assert await sessions.end_all(anna.id) == 1, "sessions that are over are cleared away"


async def test_failures_are_counted_and_forgiven(store: Store) -> None:
    failures = store.accounts.failures
    await failures.add("anna", "1.1.1.1", 10)
    number = await failures.add("anna", "2.2.2.2", 20)
    await failures.add("otto", "2.2.2.2", 30)
    assert (await failures.of_name("anna", 0)).count == 2
    assert (await failures.of_address("2.2.2.2", 0)).last == 30
    assert (await failures.of_name("anna", 15)).count == 1
    await failures.forgive("anna", number)
    assert (await failures.of_name("anna", 0)).count == 0
    assert (await failures.of_address("2.2.2.2", 0)).count == 1
    await failures.prune(31)
    assert (await failures.of_address("2.2.2.2", 0)).count == 0


async def test_tokens(store: Store) -> None:
    anna, otto = await person(store, "Anna"), await person(store, "Otto")
    made = await store.tokens.add(anna.id, "mine", "digest", "tg_abcd", ["graphs:read"], 10, 100)
    found = await store.tokens.find("digest", 99)
    assert found and found[0] == made and found[1].id == anna.id
    assert await store.tokens.find("digest", 100) is None, "expired"
    await store.tokens.used(made.id, 50)
    assert [one.used_at for one in await store.tokens.of_user(anna.id)] == [50]
    assert await store.tokens.of_user(otto.id) == []
    with pytest.raises(NotFound):
        await store.tokens.revoke(made.id, otto.id, 60)
    await store.tokens.revoke(made.id, anna.id, 60)
    assert await store.tokens.find("digest", 61) is None
    with pytest.raises(NotFound, match="revoked already"):
        await store.tokens.revoke(made.id, anna.id, 62)


async def test_credentials_are_encrypted_and_bound_to_their_place(store: Store) -> None:
    import sqlalchemy as sa

    from server.store.tables import credentials

    anna, otto = await person(store, "Anna"), await person(store, "Otto")
    secret = "a-secret-of-an-exchange"
    made = await store.credentials.add(anna.id, "main", "bybit", secret, 10)
    assert made.hint == "…ange"
    with pytest.raises(Conflict, match="main already"):
        await store.credentials.add(anna.id, "main", "bybit", "x", 10)
    short = await store.credentials.add(otto.id, "main", "openai", "short", 10)
    assert short.hint == "…", "the end of a short secret would be too much of it"
    assert await store.credentials.reveal(made.id, anna.id) == secret
    for work in (
        store.credentials.reveal(made.id, otto.id),
        store.credentials.replace(made.id, otto.id, "y", 11),
        store.credentials.delete(made.id, otto.id),
    ):
        with pytest.raises(NotFound):
            await work
    async with store.database.write() as connection:
        stored = (await connection.execute(sa.select(credentials.c.secret))).scalars().all()
        assert all(secret.encode() not in one for one in stored)
        locked = sa.select(credentials.c.secret).where(credentials.c.id == made.id).scalar_subquery()
        await connection.execute(sa.update(credentials).where(credentials.c.id == short.id).values(secret=locked))
    with pytest.raises(InputError, match="cannot be opened"):
        await store.credentials.reveal(short.id, otto.id)
    await store.credentials.replace(made.id, anna.id, "another secret of it", 12)
    assert await store.credentials.reveal(made.id, anna.id) == "another secret of it"
    await store.credentials.delete(made.id, anna.id)
    assert await store.credentials.of_user(anna.id) == []


def test_another_key_opens_nothing() -> None:
    locked = Crypt(b"a" * 32, "credentials").lock("secret", "place")
    assert Crypt(b"a" * 32, "credentials").open(locked, "place") == "secret"
    for crypt, place in (
        (Crypt(b"b" * 32, "credentials"), "place"),
        (Crypt(b"a" * 32, "other"), "place"),
        (Crypt(b"a" * 32, "credentials"), "elsewhere"),
    ):
        with pytest.raises(InputError, match="cannot be opened"):
            crypt.open(locked, place)
    with pytest.raises(InputError, match="cannot be opened"):
        Crypt(b"a" * 32, "credentials").open(b"", "place")


async def test_settings_are_replaced(store: Store) -> None:
    await store.settings.put({"a": 1, "b": [2]}, None, 10)
    await store.settings.put({"a": 3}, None, 11)
    assert await store.settings.all() == {"a": 3, "b": [2]}


async def test_audit_is_paged_and_pruned(store: Store) -> None:
    anna = await person(store, "Anna")
    for number in range(5):
        await store.audit.add(number, "even" if number % 2 == 0 else "odd", anna.id, "x" * 200, "::1", {"n": number})
    page = await store.audit.page(None, None, 2)
    assert [one.detail["n"] for one in page] == [4, 3]
    assert page[0].user == "Anna"
    assert [one.detail["n"] for one in await store.audit.page(page[-1].id, None, 9)] == [2, 1, 0]
    assert [one.detail["n"] for one in await store.audit.page(None, "odd", 9)] == [3, 1]
    assert await store.audit.actions() == ["even", "odd"]
    await store.audit.prune(3)
    assert len(await store.audit.page(None, None, 9)) == 2
