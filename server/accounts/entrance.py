"""The door: signing in, up and out, and who comes with which cookie or token."""

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

from engine.errors import InputError
from server.accounts.identity import Identity, Visit
from server.accounts.options import DAY_MS, HOUR_MS, Options
from server.accounts.passwords import LONGEST, Passwords, check, one_time
from server.accounts.throttle import Throttle
from server.errors import Forbidden
from server.people import Role, User
from server.store.accounts import Account, Accounts, key_of
from server.store.sessions import Session
from server.store.store import Store

TOKEN_PREFIX = "tg_"
NOWHERE = Visit("", "")  # the command line
_NAME = re.compile(r"[\w][\w .@+-]{0,38}[\w]|\w", re.UNICODE)
_NOTE_EVERY = 60_000  # ms between two notes that a session or token is in use
_log = logging.getLogger("tradegraph.accounts")


class Entrance:
    """Everything that lets people in or keeps them out."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self.accounts: Accounts = store.accounts
        self.options = Options(store.settings)
        self.passwords = Passwords()
        self._throttle = Throttle(self.accounts.failures, self.options, clock)

    async def sign_in(self, name: str, password: str, visit: Visit) -> tuple[str, Account]:
        """A new session: the value of its cookie, and whose it is.  Raises TooMany and Forbidden."""
        key = key_of(name)[:80]
        attempt = await self._throttle.attempt(key, visit.address)
        found = await self.accounts.by_name(name) if len(name) <= 80 else None
        fits = await self.passwords.fits(found[1] if found else None, password[:LONGEST])
        if found is None or not fits or not found[0].active:
            await self.note("sign_in_failed", None, key, visit)
            raise Forbidden("the name or the password is wrong")
        await self._throttle.forgive(key, attempt)
        account = found[0]
        await self.note("signed_in", account.id, account.name, visit)
        return await self.begin(account.id, visit), account

    async def begin(self, user_id: str, visit: Visit) -> str:
        """A new session of somebody: the value of its cookie."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        session = Session(
            digest=digest_of(cookie), user_id=user_id, csrf=secrets.token_urlsafe(32), created_at=now, seen_at=now,
            expires_at=now + DAY_MS * self.options.value("sign_in.longest_days"), address=visit.address[:64],
            agent=visit.agent[:300],
        )  # fmt: skip
        await self.accounts.sessions.begin(session)
        return cookie

    async def sign_up(self, name: str, password: str, visit: Visit) -> str:
        """An account for somebody invited, and their first session."""
        name = checked_name(name)
        attempt = await self._throttle.attempt(key_of(name), visit.address)
        if not await self.accounts.is_invited(name):
            await self.note("sign_up_refused", None, name, visit)
            raise Forbidden("nobody has invited this name; ask an admin to invite it")
        check(password, name)
        account = await self.accounts.sign_up(name, await self.passwords.hash(password), self._clock())
        await self._throttle.forgive(key_of(name), attempt)
        await self.note("signed_up", account.id, account.name, visit)
        return await self.begin(account.id, visit)

    async def sign_out(self, identity: Identity, visit: Visit) -> None:
        """End the session of a request."""
        if identity.session:
            await self.accounts.sessions.end(identity.session.digest, identity.user.id)
            await self.note("signed_out", identity.user.id, identity.user.name, visit)

    async def change_password(self, identity: Identity, old: str, new: str, visit: Visit) -> str:
        """Another password; all sessions end, and the one that asked gets a new cookie, which is told."""
        user = identity.user
        attempt = await self._throttle.attempt(key_of(user.name), visit.address)
        if not await self.passwords.fits(await self.accounts.password_of(user.id), old[:LONGEST]):
            await self.note("password_refused", user.id, user.name, visit)
            raise InputError("the present password is wrong; the password was not changed")
        await self._throttle.forgive(key_of(user.name), attempt)
        check(new, user.name)
        if new == old:
            raise InputError("the new password is the present one; take another")
        await self.accounts.set_password(user.id, await self.passwords.hash(new), must_change=False)
        ended = await self.accounts.sessions.end_all(user.id)
        await self.note("password_changed", user.id, user.name, visit, sessions_ended=ended)
        return await self.begin(user.id, visit)

    async def reset_password(self, user_id: str, by: User | None, visit: Visit = NOWHERE) -> tuple[Account, str]:
        """A one-time password for somebody who lost theirs; their sessions end."""
        account = await self.accounts.find(user_id)
        password = one_time()
        await self.accounts.set_password(user_id, await self.passwords.hash(password), must_change=True)
        ended = await self.accounts.sessions.end_all(user_id)
        await self.note("password_reset", by.id if by else None, account.name, visit, sessions_ended=ended)
        return account, password

    async def add_user(self, name: str, role: Role) -> tuple[Account, str]:
        """An account with a one-time password."""
        password = one_time()
        hashed = await self.passwords.hash(password)
        account = await self.accounts.add(checked_name(name), hashed, role, self._clock(), must_change=True)
        await self.note("user_added", None, account.name, NOWHERE, role=role)
        return account, password

    async def first_admin(self) -> tuple[Account, str] | None:
        """The first account of a new installation; None if there are accounts."""
        if await self.accounts.all():
            return None
        return await self.add_user("admin", "admin")

    async def by_cookie(self, cookie: str) -> Identity | None:
        """Whose session a cookie belongs to."""
        now = self._clock()
        idle = HOUR_MS * self.options.value("sign_in.idle_hours")
        found = await self.accounts.sessions.find(digest_of(cookie), now, idle)
        if found is None:
            return None
        session, account = found
        if now - session.seen_at >= _NOTE_EVERY:
            await self.accounts.sessions.touch(session, now)
        return Identity(account.user(), account, session=session)

    async def by_token(self, text: str) -> Identity | None:
        """Whose API token it is."""
        now = self._clock()
        found = await self._store.tokens.find(digest_of(text), now) if text.startswith(TOKEN_PREFIX) else None
        if found is None:
            return None
        token, account = found
        if token.used_at is None or now - token.used_at >= _NOTE_EVERY:
            await self._store.tokens.used(token.id, now)
        return Identity(account.user(frozenset(token.scopes)), account, token=token)

    async def note(self, action: str, user_id: str | None, object: str, visit: Visit, **detail: Any) -> None:
        """Keep in the audit log, and tell the log, what matters for security."""
        await self._store.audit.add(self._clock(), action, user_id, object, visit.address, detail)
        context = {"action": action, "object": object, "owner": user_id, "address": visit.address}
        _log.info("%s: %s", action, object, extra={"event": action, "context": context})


def digest_of(secret: str) -> str:
    """What is stored of a cookie or token."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def checked_name(name: str) -> str:
    """A name as it is stored.  Raises InputError."""
    plain = " ".join(name.split())
    if not _NAME.fullmatch(plain):
        raise InputError("a user name has 1 to 40 characters: letters, digits, and . _ - @ + or a space between them")
    return plain
