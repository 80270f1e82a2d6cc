"""`/api/me` and `/api/tokens`: who asks, and their tokens."""

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.accounts.entrance import Entrance
from server.accounts.tokens import Wanted, issue
from server.people import Role, User
from server.services import Services
from server.store.tokens import Token
from server.web.guards import ANY_SCOPE, SCOPES
from server.web.identity import visit_of

_Asks = Request[User, Any, Any]
_TAGS = ["account"]


class Me(msgspec.Struct, frozen=True):
    """Who asks; `scopes` is null in a browser session, else what the token allows."""

    id: str
    name: str
    role: Role
    scopes: list[str] | None


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)]
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)]


class MadeToken(msgspec.Struct, frozen=True):
    """The token, and what it opens with: told this once."""

    token: Token
    secret: str


class TokenList(msgspec.Struct, frozen=True):
    """One's tokens, the newest first."""

    items: list[Token]


@get("/api/me", opt={"scope": ANY_SCOPE}, summary="Who asks", tags=_TAGS, sync_to_thread=False)
def me(request: _Asks) -> Me:
    """Any token may ask this."""
    user = request.user
    return Me(user.id, user.name, user.role, None if user.scopes is None else sorted(user.scopes))


@get("/api/tokens", summary="The own API tokens", tags=_TAGS)
async def list_tokens(request: _Asks, services: NamedDependency[Services]) -> TokenList:
    """For browser sessions only: no token tells of others."""
    return TokenList(await services.store.tokens.of_user(request.user.id))


@post("/api/tokens", summary="Make an API token", tags=_TAGS)
async def make_token(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], data: JSONBody[NewToken]
) -> MadeToken:
    """For browser sessions only: no token makes others."""
    wanted = Wanted(name=data.name, scopes=tuple(data.scopes), days=data.days)
    token, secret = await issue(services, entrance, request.user, wanted, SCOPES, visit_of(request))
    return MadeToken(token, secret)


@delete("/api/tokens/{token_id:str}", summary="Revoke an API token", tags=_TAGS)
async def revoke_token(
    request: _Asks, services: NamedDependency[Services], entrance: NamedDependency[Entrance], token_id: str
) -> None:
    """It opens nothing any more, and stays in the list."""
    token = await services.store.tokens.revoke(token_id, request.user.id, services.clock())
    await entrance.note("token_revoked", request.user.id, token.name, visit_of(request))


ROUTES: list[Any] = [me, list_tokens, make_token, revoke_token]
