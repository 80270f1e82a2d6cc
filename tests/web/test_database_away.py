"""While the database is away every request says so in the one shape, and all is well again when it is back."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from sqlalchemy.exc import DBAPIError

from server.services import Services
from server.settings import Settings, load
from server.web.errors import problem_of
from tests.conftest import PostgresDatabases
from tests.databases import PostgreSQL
from tests.web.conftest import PASSWORD, Browser, browser
from tests.web.every_route import check_shape
from tests.web.test_sessions import enter

PATHS = ("/", "/graphs", "/backtests", "/candles", "/account", "/api/graphs", "/api/backtests", "/api/candles")

WANTED = {"name": "x", "scopes": ["graphs:read"], "days": 1}


def check_away(answer: httpx.Response) -> None:
    assert answer.status_code == 503, (answer.request.url, answer.text)
    assert "database does not answer now" in answer.text
    if answer.request.url.path.startswith("/api"):
        assert answer.json()["error"]["code"] == "unavailable"


class OnPostgres:
    """The settings of the `services` fixture, for PostgreSQL."""

    @pytest.fixture
    async def settings(
        self, postgres: PostgreSQL, postgres_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncGenerator[Settings]:
        monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path / "home"))
        databases = PostgresDatabases(postgres.url("postgres"))
        name = await databases.make(postgres_template)
        yield load({}, database=databases.url(name))
        await databases.drop(name)


class TestPostgres(OnPostgres):
    """A server that is stopped and started."""

    async def test_requests_are_answered_503_and_work_again(
        self, postgres: PostgreSQL, app: Litestar, user: Browser
    ) -> None:
        postgres.ask("stop")
        try:
            for path in PATHS:
                check_away(await user.get(path))
            check_away(await user.post("/api/backtests", json={"graph": "x", "markets": []}))
            async with browser(app) as nobody:
                check_away(await enter(nobody, "Adam", PASSWORD))
            assert (await user.get("/health")).status_code == 200
            assert (await user.get("/ready")).status_code == 503
        finally:
            postgres.ask("start")
        for path in PATHS:
            assert (await user.get(path)).status_code == 200, path
        assert (await user.get("/ready")).status_code == 200


class TestSqlite:
    """A file that another program has locked."""

    async def test_a_write_is_answered_503_and_reads_go_on(self, services: Services, user: Browser) -> None:
        async with services.store.database.read() as connection:  # the connection that the next request gets
            await connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        file = services.store.database.url.database
        assert file
        other = sqlite3.connect(file, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            answer = await user.post("/api/tokens", json=WANTED)
            check_away(answer)
            assert (await user.get("/api/graphs")).status_code == 200
        finally:
            other.close()
        assert (await user.post("/api/tokens", json=WANTED)).status_code == 201


@pytest.mark.parametrize(
    ("code", "status"),
    [("08006", 503), ("53300", 503), ("57P01", 503), ("57P03", 503), ("22021", 400), ("22003", 400), ("42P01", 500)],
)
def test_what_postgresql_says(code: str, status: int) -> None:
    cause = Exception("x")
    vars(cause)["sqlstate"] = code
    assert problem_of(DBAPIError("select", None, cause)).status == status


async def test_nul_characters_are_refused_on_every_kind_of_text(user: Browser) -> None:
    for path in ("/api/graphs/a%00b", "/api/backtests/%00", "/api/backtests?graph=%00", "/api/candles/%00/1h"):
        answer = await user.get(path)
        check_shape(path, answer)
        assert answer.status_code in (400, 404), (path, answer.text)
