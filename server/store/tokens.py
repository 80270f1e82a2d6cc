"""API tokens: only their digests are kept."""

from typing import Any

import msgspec
import sqlalchemy as sa

from server.errors import NotFound
from server.ids import new_id
from server.store.accounts import ACCOUNT, Account, account_of
from server.store.database import Database
from server.store.tables import api_tokens, users


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its owner sees it; what it opens with is told once, when it is made."""

    id: str
    name: str
    hint: str
    scopes: list[str]
    created_at: int
    expires_at: int | None
    used_at: int | None
    revoked_at: int | None


_TOKEN = tuple(api_tokens.c[name] for name in Token.__struct_fields__)


def _token_of(row: Any) -> Token:
    return Token(**{name: getattr(row, name) for name in Token.__struct_fields__})


class Tokens:
    """API tokens by owner, and by digest."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(
        self, user_id: str, name: str, digest: str, hint: str, scopes: list[str], now: int, expires_at: int | None
    ) -> Token:
        """Store a token."""
        token = Token(
            id=new_id(), name=name, hint=hint, scopes=scopes, created_at=now, expires_at=expires_at, used_at=None,
            revoked_at=None,
        )  # fmt: skip
        row = {**msgspec.structs.asdict(token), "user_id": user_id, "digest": digest}
        async with self._db.write() as connection:
            await connection.execute(sa.insert(api_tokens).values(row))
        return token

    async def find(self, digest: str, now: int) -> tuple[Token, Account] | None:
        """The token with a digest and its owner, while it is valid and the account is active."""
        valid = sa.and_(
            api_tokens.c.digest == digest, api_tokens.c.revoked_at.is_(None), users.c.active,
            sa.or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > now),
        )  # fmt: skip
        columns = (*_TOKEN, api_tokens.c.user_id)
        joined = sa.select(*columns).join(users, users.c.id == api_tokens.c.user_id).where(valid)
        async with self._db.read() as connection:
            row = (await connection.execute(joined)).first()
            if row is None:
                return None
            owner = (await connection.execute(sa.select(*ACCOUNT).where(users.c.id == row.user_id))).one()
        return _token_of(row), account_of(owner)

    async def of_user(self, user_id: str) -> list[Token]:
        """Somebody's tokens, the newest first."""
        query = sa.select(*_TOKEN).where(api_tokens.c.user_id == user_id).order_by(api_tokens.c.id.desc())
        async with self._db.read() as connection:
            return [_token_of(row) for row in (await connection.execute(query)).all()]

    async def revoke(self, token_id: str, user_id: str, now: int) -> Token:
        """End a token for good."""
        mine = sa.and_(api_tokens.c.id == token_id, api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
        change = sa.update(api_tokens).where(mine).values(revoked_at=now).returning(*_TOKEN)
        async with self._db.write() as connection:
            row = (await connection.execute(change)).first()
        if row is None:
            raise NotFound("there is no such token; it may be revoked already")
        return _token_of(row)

    async def used(self, token_id: str, now: int) -> None:
        """Note when a token was last used."""
        async with self._db.write() as connection:
            await connection.execute(sa.update(api_tokens).where(api_tokens.c.id == token_id).values(used_at=now))
