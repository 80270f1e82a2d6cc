"""Keys of exchanges and models: written by people, read by the parts that need them, never shown again."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from server.errors import Conflict, NotFound
from server.ids import new_id
from server.store.crypt import Crypt
from server.store.database import Database
from server.store.tables import credentials


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as its owner sees it; `hint` is the end of the key."""

    id: str
    name: str
    provider: str
    hint: str
    created_at: int
    updated_at: int


_SHOWN = tuple(credentials.c[name] for name in Credential.__struct_fields__)


class Credentials:
    """Credentials by owner; the secret is encrypted at rest, bound to owner and id."""

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self._db = database
        self._crypt = Crypt(secret_key, "credentials")

    async def of_user(self, user_id: str) -> list[Credential]:
        """Somebody's credentials, by name."""
        query = sa.select(*_SHOWN).where(credentials.c.user_id == user_id).order_by(credentials.c.name)
        async with self._db.read() as connection:
            return [_shown(row) for row in (await connection.execute(query)).all()]

    async def add(self, user_id: str, name: str, provider: str, secret: str, now: int) -> Credential:
        """Store a secret under a name."""
        found = Credential(
            id=new_id(), name=name, provider=provider, hint=_hint(secret), created_at=now, updated_at=now
        )
        row = {**msgspec.structs.asdict(found), "user_id": user_id, "secret": self._locked(secret, user_id, found.id)}
        try:
            async with self._db.write() as connection:
                await connection.execute(sa.insert(credentials).values(row))
        except IntegrityError:
            raise Conflict(f"there is a credential {name} already; replace it, or choose another name") from None
        return found

    async def replace(self, credential_id: str, user_id: str, secret: str, now: int) -> Credential:
        """Put another secret in place of the stored one."""
        change = {"hint": _hint(secret), "secret": self._locked(secret, user_id, credential_id), "updated_at": now}
        query = sa.update(credentials).where(_mine(credential_id, user_id)).values(change).returning(*_SHOWN)
        async with self._db.write() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound("there is no such credential")
        return _shown(row)

    async def delete(self, credential_id: str, user_id: str) -> Credential:
        """Forget a secret."""
        query = sa.delete(credentials).where(_mine(credential_id, user_id)).returning(*_SHOWN)
        async with self._db.write() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound("there is no such credential")
        return _shown(row)

    async def reveal(self, credential_id: str, user_id: str) -> str:
        """The secret itself, for the part of the server that uses it; never for a page."""
        query = sa.select(credentials.c.secret).where(_mine(credential_id, user_id))
        async with self._db.read() as connection:
            locked: bytes | None = (await connection.execute(query)).scalar()
        if locked is None:
            raise NotFound("there is no such credential")
        return self._crypt.open(locked, _place(user_id, credential_id))

    def _locked(self, secret: str, user_id: str, credential_id: str) -> bytes:
        return self._crypt.lock(secret, _place(user_id, credential_id))


def _mine(credential_id: str, user_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(credentials.c.id == credential_id, credentials.c.user_id == user_id)


def _place(user_id: str, credential_id: str) -> str:
    return f"credential/{user_id}/{credential_id}"


def _hint(secret: str) -> str:
    """The last four characters, of a secret long enough that they say nothing."""
    return f"…{secret[-4:]}" if len(secret) >= 16 else "…"


def _shown(row: Any) -> Credential:
    return Credential(**{name: getattr(row, name) for name in Credential.__struct_fields__})
