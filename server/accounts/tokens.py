"""API tokens: made for scopes and a time, told once."""

import secrets
from collections.abc import Iterable, Mapping

import msgspec

from engine.errors import InputError
from server.accounts.entrance import TOKEN_PREFIX, Entrance, digest_of
from server.accounts.identity import Visit
from server.accounts.options import DAY_MS
from server.people import User
from server.services import Services
from server.store.tokens import Token

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LENGTH = 40  # characters: 238 bits
_MOST = 50  # tokens of a user that are not revoked


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is to be."""

    name: str
    scopes: tuple[str, ...]
    days: int


async def issue(
    services: Services, entrance: Entrance, user: User, wanted: Wanted, known: Mapping[str, str], visit: Visit
) -> tuple[Token, str]:
    """A new token, and what it opens with.  `known` are the scopes there are.  Raises InputError."""
    check(wanted, user, known, entrance.options.value("tokens.longest_days"))
    living = [token for token in await services.store.tokens.of_user(user.id) if token.revoked_at is None]
    if len(living) >= _MOST:
        raise InputError(f"there are {_MOST} tokens already; revoke some that are not used any more")
    secret = TOKEN_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    now = services.clock()
    token = await services.store.tokens.add(
        user.id, wanted.name.strip(), digest_of(secret), secret[:7], sorted(set(wanted.scopes)), now,
        now + wanted.days * DAY_MS,
    )  # fmt: skip
    await entrance.note("token_made", user.id, token.name, visit, scopes=token.scopes, days=wanted.days)
    return token, secret


def check(wanted: Wanted, user: User, known: Iterable[str], longest: int) -> None:
    """Refuse a token that cannot be."""
    if not 1 <= len(wanted.name.strip()) <= 80:
        raise InputError("the name of a token has 1 to 80 characters; say what it is for")
    if not wanted.scopes:
        raise InputError("a token without a scope can do nothing; choose at least one")
    unknown = sorted(set(wanted.scopes) - set(known))
    if unknown:
        raise InputError(f"there is no scope {unknown[0][:40]!r}; the scopes are {', '.join(known)}")
    if "admin" in wanted.scopes and not user.is_admin:
        raise InputError("the scope admin is for admins only")
    if not 1 <= wanted.days <= longest:
        raise InputError(f"a token lasts 1 to {longest} days")
