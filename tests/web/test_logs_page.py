"""The log for admins, as page and as API."""

import hashlib
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import AsyncTestClient

from server.clock import now
from server.live import Live
from server.services import Services
from server.settings import load
from server.store.logs import LogLine
from server.store.store import Store
from server.store.tables import sessions, users
from server.web.app import create_app

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def client(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[AsyncTestClient[Any]]:
    """A browser without a cookie; `sign_in` gives it one."""
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path))
    (tmp_path / "secret_key").write_text("ab" * 32)
    live = Live(sqlite_store.events, now)
    services = Services(settings=load({}), store=sqlite_store, live=live, backtests=Any, clock=now)  # pyright: ignore[reportArgumentType]
    async with sqlite_store.database.write() as connection:
        for role in ("admin", "user"):
            row = {"id": role, "name": role, "key": role, "password": "", "role": role, "created_at": 0}
            await connection.execute(sa.insert(users).values(**row, active=True, must_change=False))
            session = {"digest": hashlib.sha256(role.encode()).hexdigest(), "user_id": role, "csrf": "c" * 40}
            times = {"created_at": now(), "seen_at": now(), "expires_at": now() + 3_600_000}
            await connection.execute(sa.insert(sessions).values(**session, **times, address="", agent=""))
    async with AsyncTestClient(create_app(services), base_url="http://127.0.0.1") as made:
        yield made


def sign_in(client: AsyncTestClient[Any], role: str) -> None:
    client.cookies.set("tradegraph_session", role)


@pytest.fixture
async def lines(sqlite_store: Store) -> None:
    """250 lines, the newest with everything a line can have."""
    made = [
        LogLine(at=n, level=(30, 40)[n % 2], component=("store", "web")[n % 2], event="e", message=f"line {n} 100%")
        for n in range(249)
    ]
    last = LogLine(
        at=1_767_225_600_000, level=50, component="web", event="fault", message=f"broken {SCRIPT}", request_id="r1",
        context={"why": SCRIPT}, stack=f"Traceback {SCRIPT}", backtest="b1",
    )  # fmt: skip
    await sqlite_store.logs.add([*made, last])


@pytest.mark.usefixtures("lines")
async def test_the_api_pages_through_all_lines(client: AsyncTestClient[Any]) -> None:
    sign_in(client, "admin")
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        page = (await client.get("/api/logs", params={"limit": 100, **({"before": before} if before else {})})).json()
        found += page["items"]
        before = page["next"]
        if before is None:
            break
    assert [line["at"] for line in found] == [1_767_225_600_000, *range(248, -1, -1)]
    assert found[0]["context"] == {"why": SCRIPT}


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"level": "error"}, 125),
        ({"level": "CRITICAL"}, 1),
        ({"component": "store"}, 125),
        ({"text": "LINE 7 "}, 1),
        ({"text": "r1"}, 1),
        ({"text": "%"}, 249),
        ({"text": "' OR 1=1 --"}, 0),
        ({"text": "\0"}, 0),
        ({"since": 100, "until": 110}, 10),
        ({"component": "store", "level": "error"}, 0),
    ],
)
async def test_the_api_filters(client: AsyncTestClient[Any], query: dict[str, Any], count: int) -> None:
    sign_in(client, "admin")
    answer = await client.get("/api/logs", params={**query, "limit": 500})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == count


@pytest.mark.parametrize(
    "query", [{"level": "loud"}, {"limit": 0}, {"limit": 501}, {"before": -1}, {"since": 2**63}, {"text": "x" * 201}]
)
async def test_what_cannot_be_asked_is_refused(client: AsyncTestClient[Any], query: dict[str, Any]) -> None:
    sign_in(client, "admin")
    answer = await client.get("/api/logs", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "input"


@pytest.mark.parametrize("path", ["/api/logs", "/logs"])
async def test_admins_only(client: AsyncTestClient[Any], path: str) -> None:
    asked = {"headers": {"Accept": "application/json"}, "follow_redirects": False}
    assert (await client.get(path, **asked)).status_code == 401
    sign_in(client, "user")
    assert (await client.get(path, **asked)).status_code == 403


@pytest.mark.usefixtures("lines")
async def test_the_page_shows_lines_and_what_belongs_to_them(client: AsyncTestClient[Any]) -> None:
    sign_in(client, "admin")
    text = (await client.get("/logs")).text
    assert text.count("<tr class=") == 100
    assert SCRIPT not in text
    assert text.count("&lt;script&gt;alert(1)") == 3, "in message, context and stack"
    assert 'href="/logs?text=r1"' in text
    assert 'href="/backtests/b1"' in text
    older = re.search(r'href="(/logs\?[^"]*before=\d+)"', text)
    assert older
    second = (await client.get(older[1].replace("&amp;", "&"))).text
    assert "line 149 100%" in second
    assert "broken" not in second
    assert ">Newest<" in second


@pytest.mark.usefixtures("lines")
async def test_the_filter_of_the_page_stays_in_its_form(client: AsyncTestClient[Any]) -> None:
    sign_in(client, "admin")
    query = {"level": "error", "component": "web", "text": 'a"b', "from": "2025-01-01T00:00", "to": "2027-01-01T00:00"}
    text = (await client.get("/logs", params=query)).text
    assert '<option value="error" selected>' in text
    assert 'value="a&#34;b"' in text
    assert "No line matches" in text
    only_time = (await client.get("/logs", params={"from": "2025-01-01T00:00", "level": "", "text": ""})).text
    assert only_time.count("<tr class=") == 1


async def test_an_empty_log_says_so(client: AsyncTestClient[Any]) -> None:
    sign_in(client, "admin")
    assert "Nothing was logged" in (await client.get("/logs")).text


async def test_an_impossible_date_is_refused(client: AsyncTestClient[Any]) -> None:
    sign_in(client, "admin")
    answer = await client.get("/logs", params={"from": "yesterday"}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "is not a date" in answer.json()["error"]["message"]
