"""People: their accounts, who may sign up, their sessions and failed attempts to sign in."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.errors import Conflict, Forbidden, NotFound
from server.ids import new_id
from server.people import Role, User
from server.store.database import Database
from server.store.sessions import Failures, Sessions
from server.store.tables import invitations, users


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person as admins see them; nothing secret is in it."""

    id: str
    name: str
    role: Role
    active: bool
    must_change: bool
    created_at: int
    seen_at: int | None

    def user(self, scopes: frozenset[str] | None = None) -> User:
        """The person as a request knows them."""
        return User(id=self.id, name=self.name, role=self.role, must_change=self.must_change, scopes=scopes)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A name that may sign up."""

    key: str
    role: Role
    created_at: int
    created_by: str | None


ACCOUNT = tuple(users.c[name] for name in Account.__struct_fields__)


def account_of(row: Any) -> Account:
    """The account in a row that holds all of `ACCOUNT`."""
    return Account(**{name: getattr(row, name) for name in Account.__struct_fields__})


def key_of(name: str) -> str:
    """Under which key a name is looked up: Anna and anna are the same person."""
    return name.strip().casefold()


class Accounts:
    """Accounts and invitations; `sessions` and `failures` beside them."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.sessions = Sessions(database)
        self.failures = Failures(database)

    async def find(self, user_id: str) -> Account:
        """An account by id."""
        async with self._db.read() as connection:
            row = (await connection.execute(sa.select(*ACCOUNT).where(users.c.id == user_id))).first()
        if row is None:
            raise NotFound("there is no such user")
        return account_of(row)

    async def by_name(self, name: str) -> tuple[Account, str] | None:
        """An account and the hash of its password, if the name is known."""
        query = sa.select(*ACCOUNT, users.c.password).where(users.c.key == key_of(name))
        async with self._db.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else (account_of(row), row.password)

    async def password_of(self, user_id: str) -> str:
        """The hash of somebody's password."""
        async with self._db.read() as connection:
            found = (await connection.execute(sa.select(users.c.password).where(users.c.id == user_id))).scalar()
        if found is None:
            raise NotFound("there is no such user")
        return found

    async def all(self) -> list[Account]:
        """Everybody, by name."""
        async with self._db.read() as connection:
            rows = (await connection.execute(sa.select(*ACCOUNT).order_by(users.c.key))).all()
        return [account_of(row) for row in rows]

    async def any(self) -> bool:
        """Whether there is an account that can sign in."""
        async with self._db.read() as connection:
            found = await connection.execute(sa.select(users.c.id).where(users.c.active).limit(1))
            return found.first() is not None

    async def add(self, name: str, password: str, role: Role, now: int, *, must_change: bool) -> Account:
        """Create an account; `password` is a hash."""
        account = _new(name, role, now, must_change=must_change)
        try:
            async with self._db.write() as connection:
                await connection.execute(sa.insert(users).values(_row(account, password)))
        except IntegrityError:
            raise Conflict(f"there is a user {account.name} already; choose another name") from None
        return account

    async def set_password(self, user_id: str, password: str, *, must_change: bool) -> None:
        """Replace the hash of a password."""
        change = {"password": password, "must_change": must_change}
        async with self._db.write() as connection:
            done = await connection.execute(sa.update(users).where(users.c.id == user_id).values(change))
        if not done.rowcount:
            raise NotFound("there is no such user")

    async def change(self, user_id: str, *, role: Role, active: bool) -> Account:
        """Give another role, close or open an account.  One active admin always stays."""
        async with self._db.write() as connection:
            # Both admins asking at once to remove the other must not both succeed: the admins are locked, in order.
            admins = sa.select(users.c.id).where(users.c.role == "admin", users.c.active).order_by(users.c.id)
            others = [i for i in (await connection.execute(admins.with_for_update())).scalars() if i != user_id]
            row = (await connection.execute(sa.select(*ACCOUNT).where(users.c.id == user_id))).first()
            if row is None:
                raise NotFound("there is no such user")
            if not others and row.role == "admin" and not (role == "admin" and active):
                raise Conflict(f"{row.name} is the last admin; make somebody else an admin first")
            change = {"role": role, "active": active}
            await connection.execute(sa.update(users).where(users.c.id == user_id).values(change))
        return msgspec.structs.replace(account_of(row), role=role, active=active)

    async def invite(self, name: str, role: Role, by: str, now: int) -> None:
        """Let somebody sign up under a name."""
        key = key_of(name)
        row = {"key": key, "role": role, "created_at": now, "created_by": by}
        try:
            async with self._db.write() as connection:
                if (await connection.execute(sa.select(users.c.id).where(users.c.key == key))).first():
                    raise Conflict(f"there is a user {name} already")
                await connection.execute(sa.insert(invitations).values(row))
        except IntegrityError:
            raise Conflict(f"{name} is invited already") from None

    async def invitations(self) -> list[Invitation]:
        """Who may sign up and has not."""
        async with self._db.read() as connection:
            rows = (await connection.execute(sa.select(invitations).order_by(invitations.c.key))).all()
        return [Invitation(key=r.key, role=r.role, created_at=r.created_at, created_by=r.created_by) for r in rows]

    async def withdraw(self, key: str) -> None:
        """Take an invitation back."""
        async with self._db.write() as connection:
            gone = await connection.execute(sa.delete(invitations).where(invitations.c.key == key))
        if not gone.rowcount:
            raise NotFound("there is no such invitation")

    async def is_invited(self, name: str) -> bool:
        """Whether a name may sign up."""
        query = sa.select(invitations.c.key).where(invitations.c.key == key_of(name))
        async with self._db.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def sign_up(self, name: str, password: str, now: int) -> Account:
        """Use up an invitation; `password` is a hash."""
        try:
            async with self._db.write() as connection:
                used = sa.delete(invitations).where(invitations.c.key == key_of(name)).returning(invitations.c.role)
                role: Role | None = (await connection.execute(used)).scalar()
                if role is None:
                    raise Forbidden("nobody has invited this name; ask an admin to invite it")
                account = _new(name, role, now, must_change=False)
                await connection.execute(sa.insert(users).values(_row(account, password)))
        except IntegrityError:
            raise Conflict("this name is taken") from None
        return account


def _new(name: str, role: Role, now: int, *, must_change: bool) -> Account:
    return Account(
        id=new_id(), name=name.strip(), role=role, active=True, must_change=must_change, created_at=now, seen_at=None
    )


def _row(account: Account, password: str) -> dict[str, Any]:
    return {**msgspec.structs.asdict(account), "key": key_of(account.name), "password": password}
