"""The live channel and readiness over HTTP."""

import http.client
import json
import re
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from server.services import Services
from server.web.api import live as live_module
from tests.web.conftest import Browser, Served


class Stream:
    """A browser's `EventSource`, as far as a test needs it."""

    def __init__(self, served: Served, name: str, path: str = "/live") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
        cookie = served.cookie(name)
        self._connection.request("GET", path, headers={"Cookie": f"{cookie['name']}={cookie['value']}"})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200

    def lines(self, until: str) -> list[str]:
        """What comes, as far as a line that begins so."""
        found: list[str] = []
        while not found or not found[-1].startswith(until):
            line = self._answer.readline().decode()
            assert line, f"the stream ended after {found}"
            found.append(line.rstrip())
        return found

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


@pytest.fixture
def anna(served: Served) -> Generator[Stream]:
    """Anna listens from now on."""
    stream = Stream(served, "Anna")
    assert stream.lines("retry") == [": here", "retry: 1000"]
    yield stream
    stream.close()


def publish(served: Served, topic: str, data: dict[str, Any], owner: str | None) -> int:
    return served.run(lambda: served.services.live.publish(topic, data, owner)).id


def person(served: Served, name: str) -> str:
    found = served.run(lambda: served.services.store.accounts.by_name(name))
    assert found
    return found[0].id


def test_events_arrive_with_their_ids_and_only_those_one_may_see(served: Served, anna: Stream) -> None:
    served.cookie("Otto")
    publish(served, "secret", {"n": 0}, person(served, "Otto"))
    mine = publish(served, "backtest", {"id": "x", "text": "two\nlines"}, person(served, "Anna"))
    ours = publish(served, "notice", {}, None)
    got = "\n".join([*anna.lines("data: "), *anna.lines("data: ")])
    assert "secret" not in got
    found = re.findall(r"id: (\d+)\ndata: (\{.*\})", got)
    assert [(int(number), json.loads(text)["topic"]) for number, text in found] == [
        (mine, "backtest"),
        (ours, "notice"),
    ]
    assert json.loads(found[0][1])["data"] == {"id": "x", "text": "two\nlines"}


def test_a_stream_ends_now_and_then_so_that_who_listens_is_asked_again(
    served: Served, anna: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "LONGEST", 0.0)
    publish(served, "t", {}, None)
    anna.lines("data: ")
    assert anna._answer.read().strip() == b""


@pytest.mark.parametrize("path", ["/live", "/live?after=0"])
async def test_the_channel_is_for_who_is_signed_in(app_client: Browser, path: str) -> None:
    answer = await app_client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in_needed")


@pytest.mark.parametrize("after", ["x", "-1", "1e3", str(2**63), ""])
async def test_an_impossible_id_is_refused(user: Browser, after: str) -> None:
    answer = await user.get("/live", headers={"Last-Event-ID": after or "\t"} if after else {}, params={"after": after})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "input"


async def test_a_page_goes_on_after_what_it_was_rendered_with(services: Services, user: Browser) -> None:
    last = await services.live.publish("t", {}, None)
    assert f'<meta name="live-after" content="{last.id}">' in (await user.get("/account")).text


async def test_a_server_that_can_work_says_so(app_client: Browser) -> None:
    answer = await app_client.get("/ready")
    assert answer.json() == {"ready": True, "database": True, "migrated": True, "worker": True}


async def test_tables_that_are_behind_make_it_not_ready(services: Services, app_client: Browser) -> None:
    async with services.store.database.write() as connection:
        await connection.execute(sa.text("DELETE FROM alembic_version"))
    answer = await app_client.get("/ready")
    assert (answer.status_code, answer.json()["migrated"], answer.json()["database"]) == (503, False, True)
    assert (await app_client.get("/health")).status_code == 200
