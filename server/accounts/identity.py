"""Who a request comes from, and by what: the cookie of a session or a bearer token."""

import msgspec

from server.people import User
from server.store.accounts import Account
from server.store.sessions import Session
from server.store.tokens import Token


class Identity(msgspec.Struct, frozen=True):
    """A user and what they came with."""

    user: User
    account: Account
    session: Session | None = None
    token: Token | None = None


class Visit(msgspec.Struct, frozen=True):
    """Where a request comes from."""

    address: str
    agent: str
