"""Who is signed in, and who failed to."""

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from server.errors import NotFound
from server.store.database import Database
from server.store.tables import login_failures, sessions, users

if TYPE_CHECKING:
    from server.store.accounts import Account


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in.  `digest` is the SHA-256 of its cookie, `csrf` what its forms must carry."""

    digest: str
    user_id: str
    csrf: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """Failed attempts of late: how many, and when the last was."""

    count: int
    last: int


def _session_of(row: Any) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__struct_fields__})


class Sessions:
    """Sessions by the digest of their cookie."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def begin(self, session: Session) -> None:
        """Store a new session and forget those that are over."""
        async with self._db.write() as connection:
            await connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= session.created_at))
            await connection.execute(sa.insert(sessions).values(msgspec.structs.asdict(session)))
            seen = sa.update(users).where(users.c.id == session.user_id).values(seen_at=session.created_at)
            await connection.execute(seen)

    async def find(self, digest: str, now: int, idle_ms: int) -> "tuple[Session, Account] | None":
        """The session of a cookie and its user, while it lasts and the account is active."""
        from server.store.accounts import ACCOUNT, account_of

        query = (
            sa.select(sessions, *(column.label(f"of_{column.name}") for column in ACCOUNT))
            .join(users, users.c.id == sessions.c.user_id)
            .where(
                sessions.c.digest == digest, users.c.active,
                sessions.c.expires_at > now, sessions.c.seen_at > now - idle_ms,
            )
        )  # fmt: skip
        async with self._db.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (_session_of(row), account_of(_Prefixed(row)))

    async def touch(self, session: Session, now: int) -> None:
        """Note that a session is in use."""
        async with self._db.write() as connection:
            await connection.execute(sa.update(sessions).where(sessions.c.digest == session.digest).values(seen_at=now))
            await connection.execute(sa.update(users).where(users.c.id == session.user_id).values(seen_at=now))

    async def of_user(self, user_id: str, now: int, idle_ms: int) -> list[Session]:
        """Where somebody is signed in, the last used first."""
        query = (
            sa.select(sessions)
            .where(
                sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.seen_at > now - idle_ms,
            )
            .order_by(sessions.c.seen_at.desc(), sessions.c.digest)
        )  # fmt: skip
        async with self._db.read() as connection:
            return [_session_of(row) for row in (await connection.execute(query)).all()]

    async def end(self, digest: str, user_id: str) -> None:
        """End one session of somebody."""
        gone = sa.delete(sessions).where(sessions.c.digest == digest, sessions.c.user_id == user_id)
        async with self._db.write() as connection:
            if not (await connection.execute(gone)).rowcount:
                raise NotFound("there is no such session; it may have ended already")

    async def end_all(self, user_id: str) -> int:
        """End all sessions of somebody and tell how many there were."""
        async with self._db.write() as connection:
            return (await connection.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))).rowcount


class _Prefixed:
    """The user's columns of a row that also holds a session."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"of_{name}")


class Failures:
    """Failed attempts to sign in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, key: str, address: str, now: int) -> int:
        """Note an attempt before it is tried, and tell its id."""
        row = {"key": key, "address": address, "at": now}
        async with self._db.write() as connection:
            added = await connection.execute(sa.insert(login_failures).values(row).returning(login_failures.c.id))
            return added.scalar_one()

    async def of_name(self, key: str, since: int) -> Tries:
        """Attempts under a name, from wherever."""
        return await self._tries(login_failures.c.key == key, since)

    async def of_address(self, address: str, since: int) -> Tries:
        """Attempts from an address, under whatever names."""
        return await self._tries(login_failures.c.address == address, since)

    async def _tries(self, whose: sa.ColumnElement[bool], since: int) -> Tries:
        query = sa.select(sa.func.count(), sa.func.max(login_failures.c.at)).where(whose, login_failures.c.at > since)
        async with self._db.read() as connection:
            count, last = (await connection.execute(query)).one()
        return Tries(count=count, last=last or 0)

    async def forgive(self, key: str, number: int) -> None:
        """An attempt succeeded: it was no failure, and what failed before under the name counts no more."""
        async with self._db.write() as connection:
            await connection.execute(
                sa.delete(login_failures).where(sa.or_(login_failures.c.key == key, login_failures.c.id == number))
            )

    async def prune(self, before: int) -> None:
        """Forget attempts of long ago."""
        async with self._db.write() as connection:
            await connection.execute(sa.delete(login_failures).where(login_failures.c.at < before))
