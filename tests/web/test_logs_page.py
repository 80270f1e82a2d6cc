"""The log for admins, as page and as API."""

import logging
import re
from collections.abc import Generator
from typing import Any

import pytest

from server.services import Services
from server.store.logs import LogLine
from tests.web.conftest import Browser

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def silence() -> Generator[None]:
    """The server's own lines would join those of the tests, and with the first of them go all that are too old."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
async def lines(services: Services) -> None:
    """250 lines, the newest with everything a line can have."""
    made = [
        LogLine(at=n, level=(30, 40)[n % 2], component=("store", "web")[n % 2], event="e", message=f"line {n} 100%")
        for n in range(249)
    ]
    last = LogLine(
        at=1_767_225_600_000, level=50, component="web", event="fault", message=f"broken {SCRIPT}", request_id="r1",
        context={"why": SCRIPT}, stack=f"Traceback {SCRIPT}", backtest="b1",
    )  # fmt: skip
    await services.store.logs.add([*made, last])


@pytest.mark.usefixtures("lines")
async def test_the_api_pages_through_all_lines(admin: Browser) -> None:
    found: list[dict[str, Any]] = []
    before: int | None = None
    while True:
        page = (await admin.get("/api/logs", params={"limit": 100, **({"before": before} if before else {})})).json()
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
async def test_the_api_filters(admin: Browser, query: dict[str, Any], count: int) -> None:
    answer = await admin.get("/api/logs", params={**query, "limit": 500})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == count


@pytest.mark.parametrize(
    "query", [{"level": "loud"}, {"limit": 0}, {"limit": 501}, {"before": -1}, {"since": 2**63}, {"text": "x" * 201}]
)
async def test_what_cannot_be_asked_is_refused(admin: Browser, query: dict[str, Any]) -> None:
    answer = await admin.get("/api/logs", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "input"


@pytest.mark.parametrize("path", ["/api/logs", "/logs"])
async def test_admins_only(app_client: Browser, user: Browser, path: str) -> None:
    asks_for_json = {"Accept": "application/json"}
    assert (await app_client.get(path, headers=asks_for_json)).status_code == 401
    assert (await user.get(path, headers=asks_for_json)).status_code == 403


@pytest.mark.usefixtures("lines")
async def test_the_page_shows_lines_and_what_belongs_to_them(admin: Browser) -> None:
    text = (await admin.get("/logs")).text
    assert text.count("<tr>") == 101, "with the heads"
    assert SCRIPT not in text
    assert text.count("&lt;script&gt;alert(1)") == 3, "in message, context and stack"
    assert 'href="/logs?text=r1"' in text
    assert 'href="/backtests/b1"' in text
    older = re.search(r'href="(/logs\?[^"]*before=\d+)"', text)
    assert older
    second = (await admin.get(older[1].replace("&amp;", "&"))).text
    assert "line 149 100%" in second
    assert "broken" not in second
    assert ">Newest<" in second


@pytest.mark.usefixtures("lines")
async def test_the_filter_of_the_page_stays_in_its_form(admin: Browser) -> None:
    query = {"level": "error", "component": "web", "text": 'a"b', "from": "2025-01-01T00:00", "to": "2027-01-01T00:00"}
    text = (await admin.get("/logs", params=query)).text
    assert '<option value="error" selected>' in text
    assert 'value="a&#34;b"' in text
    assert "No line matches" in text
    only_time = (await admin.get("/logs", params={"from": "2025-01-01T00:00", "level": "", "text": ""})).text
    assert only_time.count("<tr>") == 2


async def test_an_empty_log_says_so(admin: Browser) -> None:
    assert "Nothing was logged" in (await admin.get("/logs")).text


async def test_an_impossible_date_is_refused(admin: Browser) -> None:
    answer = await admin.get("/logs", params={"from": "yesterday"}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "is not a date" in answer.json()["error"]["message"]
