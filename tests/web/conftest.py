"""Fixtures for everything that speaks HTTP: the real application on an SQLite database of the test's own.

`services`    the parts, started (`server.wiring.running`), on an empty migrated database
`app`         the application on them
`app_client`  a browser that nobody has signed in with
`admin`, `user`, `other_user`   browsers of three people, signed in; `.person` is the `User`
`browser_of`  makes such a browser: `await browser_of("Eve", role="user")`
`token_of`    makes an API token: `await token_of(user.person, "graphs:read")` gives a client that sends it
`served`      the application served by uvicorn on a free loopback port: `served.url`; `served.cookie("Anna")` signs in

A browser is an `httpx.AsyncClient`: `await user.post("/api/graphs", json=…)`.  It sends its cookie and, by the header,
the CSRF token of its session; `user.headers.pop("X-CSRF-Token")` takes that away.  Redirects are not followed.  All
runs in the event loop of the test, so that `services.store` may be used beside the requests.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
from litestar import Litestar

from server.accounts.entrance import Entrance, digest_of
from server.accounts.identity import Visit
from server.accounts.passwords import Passwords
from server.people import Role, User
from server.services import Services
from server.settings import Settings, load
from server.web.app import create_app
from server.web.identity import COOKIE
from server.web.server import address, listen
from server.wiring import assemble, running

BASE = "http://127.0.0.1"
PASSWORD = "a good pass phrase"
HERE = Visit("127.0.0.1", "tests")

BrowserOf = Callable[..., Awaitable["Browser"]]
TokenOf = Callable[..., Awaitable["Browser"]]


@cache
def hashed() -> str:
    """The hash of `PASSWORD`, made once."""
    return asyncio.run(Passwords().hash(PASSWORD))


class Browser(httpx.AsyncClient):
    """A client of the application; `person` is who is signed in, `cookie` the value of the session's cookie."""

    person: User
    cookie: str


def browser(app: Litestar, **options: Any) -> Browser:
    """A client; what the application raises after its answer began is raised here as well."""
    return Browser(transport=httpx.ASGITransport(cast(Any, app)), base_url=BASE, **options)


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hashed()


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
    return load({}, database=sqlite_url)


@pytest.fixture
async def services(settings: Settings, password_hash: str) -> AsyncGenerator[Services]:
    parts = assemble(settings)
    # The first admin, so that the start need not make one: its one-time password takes long to hash.
    await parts.store.accounts.add("Adam", password_hash, "admin", parts.clock(), must_change=False)
    async with running(parts, tell=print):
        yield parts


@pytest.fixture
async def app(services: Services) -> AsyncGenerator[Litestar]:
    made = create_app(services)
    async with made.lifespan():
        yield made


@pytest.fixture
async def app_client(app: Litestar) -> AsyncGenerator[Browser]:
    async with browser(app) as client:
        yield client


@pytest.fixture
async def browser_of(app: Litestar, services: Services, password_hash: str) -> AsyncGenerator[BrowserOf]:
    async with contextlib.AsyncExitStack() as stack:

        async def make(name: str, role: Role = "user") -> Browser:
            found = await services.store.accounts.by_name(name)
            person = await _person(services, name, role, password_hash) if found is None else found[0].user()
            cookie, csrf = await _session(services, person)
            client = browser(app, cookies={COOKIE: cookie}, headers={"X-CSRF-Token": csrf})
            client.person, client.cookie = person, cookie
            return await stack.enter_async_context(client)

        yield make


@pytest.fixture
async def admin(browser_of: BrowserOf) -> Browser:
    return await browser_of("Adam")


@pytest.fixture
async def user(browser_of: BrowserOf) -> Browser:
    return await browser_of("Anna")


@pytest.fixture
async def other_user(browser_of: BrowserOf) -> Browser:
    return await browser_of("Otto")


@pytest.fixture
async def token_of(app: Litestar, services: Services) -> AsyncGenerator[TokenOf]:
    async with contextlib.AsyncExitStack() as stack:

        async def make(person: User, *scopes: str, lasts: int = 3_600_000) -> Browser:
            secret = "tg_" + person.id * 2
            now = services.clock()
            digest = digest_of(secret)
            await services.store.tokens.add(person.id, "test", digest, secret[:9], list(scopes), now, now + lasts)
            client = browser(app, headers={"Authorization": f"Bearer {secret}"})
            client.person = person
            return await stack.enter_async_context(client)

        yield make


async def _person(services: Services, name: str, role: Role, password: str) -> User:
    account = await services.store.accounts.add(name, password, role, services.clock(), must_change=False)
    return account.user()


async def _session(services: Services, person: User) -> tuple[str, str]:
    """A new session of somebody: its cookie and its CSRF token."""
    entrance = Entrance(services.store, services.clock)
    await entrance.options.load(services.clock())
    cookie = await entrance.begin(person.id, HERE)
    found = await entrance.by_cookie(cookie)
    assert found and found.session
    return cookie, found.session.csrf


class Served:
    """A server in a thread with an event loop of its own."""

    def __init__(self, settings: Settings, password: str) -> None:
        self.services = assemble(settings)
        self._password = password
        self._loop: asyncio.AbstractEventLoop | None = None
        self._up: Future[None] = Future()
        self._socket = listen("127.0.0.1", 0)
        self.url = address(self._socket).rstrip("/")
        self._thread = threading.Thread(target=self._run, name="served")
        self._server: Any = None
        self._thread.start()
        self._up.result(60)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._up.done():
                self._up.set_exception(error)
            raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        accounts = self.services.store.accounts
        await accounts.add("Adam", self._password, "admin", self.services.clock(), must_change=False)
        async with running(self.services):
            config = uvicorn.Config(
                create_app(self.services), log_config=None, access_log=False, lifespan="on", ws="none",
                timeout_graceful_shutdown=1,
            )  # fmt: skip
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server._serve([self._socket]))  # without signals: no main thread
            while not self._server.started and not serving.done():
                await asyncio.wait([serving], timeout=0.01)
            if not serving.done():
                self._up.set_result(None)
            await serving

    def run[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """What a coroutine of the server's own loop gives."""

        async def call() -> T:
            return await work()

        assert self._loop
        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(60)

    def cookie(self, name: str, role: Role = "user") -> dict[str, str]:
        """A session of somebody, made if they are not there, as Playwright's `context.add_cookies` takes it."""

        async def sign_in() -> str:
            found = await self.services.store.accounts.by_name(name)
            person = await _person(self.services, name, role, self._password) if found is None else found[0].user()
            return (await _session(self.services, person))[0]

        return {"name": COOKIE, "value": self.run(sign_in), "url": self.url}

    def close(self) -> None:
        """End the server and everything it started."""
        self.services.live.close()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the server did not end"


@pytest.fixture
def served(settings: Settings, password_hash: str) -> Generator[Served]:
    server = Served(settings, password_hash)
    yield server
    server.close()
