"""Who asks: the user behind a request, as every room of the server knows them."""

from typing import Literal

import msgspec

Role = Literal["user", "admin"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account.  `scopes` is None in a browser session, else what their API token allows."""

    id: str
    name: str
    role: Role
    must_change: bool = False
    scopes: frozenset[str] | None = None

    @property
    def is_admin(self) -> bool:
        """Whether they manage users, settings and logs.  Objects of others stay closed to admins as well."""
        return self.role == "admin"
