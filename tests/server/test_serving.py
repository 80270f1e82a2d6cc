"""`tradegraph serve` as a process: it answers, streams, ends when asked, and starts again."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from server.clock import now
from server.store.database import Database
from server.store.store import Store
from server.store.tables import sessions, users
from server.store.upgrade import upgrade
from server.web.server import listen
from tests.conftest import SECRET

COOKIE = "a-cookie-of-ann"
PROGRAM = str(Path(sys.executable).with_name("tradegraph"))


class Served:
    """A server in a process of its own, and how to ask it."""

    def __init__(self, home: Path, *options: str) -> None:
        self._connections: list[http.client.HTTPConnection] = []
        self.process = subprocess.Popen(
            [PROGRAM, "serve", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TRADEGRAPH_HOME": str(home)},
        )  # fmt: skip
        assert self.process.stdout
        told = ""
        while not (found := re.search(r"at (http://\S+) ", told)):
            told = self.process.stdout.readline()
            assert told, self.process.communicate()
        self.port = urlsplit(found[1]).port or 0

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """The answer to a GET, its body unread."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._connections.append(connection)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    def end(self, *numbers: int) -> str:
        """Send signals, wait for the end and tell stderr."""
        for number in numbers:
            self.process.send_signal(number)
        _, told = self.process.communicate(timeout=60)
        return told

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        for connection in self._connections:
            connection.close()
        self.process.kill()
        self.process.communicate()


def made_home(folder: Path) -> Path:
    """A data folder with accounts, a session and three events, one of somebody else."""
    folder.mkdir()
    asyncio.run(_filled(f"sqlite+aiosqlite:///{folder / 'tradegraph.db'}"))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return made_home(tmp_path / "home")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """One server for the tests that only ask."""
    home = made_home(tmp_path_factory.mktemp("served") / "home")
    with contextlib.closing(Served(home, "--port", "0")) as server:
        yield server


async def _filled(url: str) -> None:
    database = Database(url)
    await upgrade(database)
    async with database.write() as connection:
        for name in ("ann", "ben"):
            row = {"id": name, "name": name, "key": name, "password": "", "role": "admin", "created_at": 0}
            await connection.execute(sa.insert(users).values(**row, active=True, must_change=False))
        session = {"digest": hashlib.sha256(COOKIE.encode()).hexdigest(), "user_id": "ann", "csrf": "c" * 40}
        times = {"created_at": now(), "seen_at": now(), "expires_at": now() + 3_600_000}
        await connection.execute(sa.insert(sessions).values(**session, **times, address="", agent=""))
    store = Store(database, SECRET)
    for number, owner in enumerate(["ann", "ben", None]):
        await store.events.add("t", {"n": number}, owner, now())
    await store.close()


def events(stream: http.client.HTTPResponse, count: int) -> list[tuple[int, dict[str, object]]]:
    """The next events with their ids."""
    found: list[tuple[int, dict[str, object]]] = []
    number = 0
    while len(found) < count:
        line = stream.readline().decode().rstrip()
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            found.append((number, json.loads(line[6:])))
    return found


def test_it_answers_whoever_watches_over_it(served: Served) -> None:
    health, ready = served.ask("/health"), served.ask("/ready")
    assert (health.status, json.loads(health.read())) == (200, {"status": "up"})
    parts = {"ready": True, "database": True, "migrated": True, "worker": True}
    assert (ready.status, json.loads(ready.read())) == (200, parts)
    assert re.fullmatch(r"[0-9a-z]{20}", health.headers["X-Request-ID"])


def test_missed_events_are_replayed_from_where_one_was(served: Served) -> None:
    cookie = f"tradegraph_session={COOKIE}"
    stream = served.ask("/live?after=0", Cookie=cookie)
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    first, last = events(stream, 2)
    assert (first[1]["data"], last[1]["data"]) == ({"n": 0}, {"n": 2}), "not what is of somebody else"
    again = served.ask("/live?after=0", Cookie=cookie, Last_Event_ID=str(first[0]))
    assert events(again, 1) == [last], "what the browser says goes over the address of the page"


@pytest.mark.parametrize("seen", ["x", "-1", "9" * 30])
def test_an_impossible_id_is_refused(served: Served, seen: str) -> None:
    refused = served.ask("/live", Cookie=f"tradegraph_session={COOKIE}", Last_Event_ID=seen)
    assert refused.status == 400
    assert "Last-Event-ID must be the id of an event" in json.loads(refused.read())["error"]["message"]


def test_nobody_listens_without_signing_in(served: Served) -> None:
    assert served.ask("/live").status == 401


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGINT, signal.SIGTERM, signal.SIGINT]])
def test_it_ends_with_open_streams_and_starts_again_at_once(home: Path, numbers: list[int]) -> None:
    """Twice in a row, on the same port; the streams end by themselves and nothing has to be cut off."""
    port = 0
    for _ in range(2):
        with contextlib.closing(Served(home, "--port", str(port))) as served:
            assert port in (0, served.port)
            port = served.port
            streams = [served.ask("/live?after=0", Cookie=f"tradegraph_session={COOKIE}") for _ in range(3)]
            assert [len(events(stream, 2)) for stream in streams] == [2, 2, 2]
            told = served.end(*numbers)
            assert served.process.returncode == 0, told
            assert [stream.read().strip() for stream in streams] == [b"", b"", b""], "they came to their end"
        assert "the server ends" in told
        assert not re.search(r"Traceback|Cancel|cut off| error ", told), told


def test_a_signal_while_it_starts_is_not_lost(home: Path) -> None:
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--log", "debug"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TRADEGRAPH_HOME": str(home)},
    )  # fmt: skip
    assert process.stderr
    process.stderr.readline()  # the first line of the log: signals are heard, the server does not answer yet
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "Traceback" not in told


def test_a_port_that_is_taken_is_refused(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [PROGRAM, "serve", "--port", port], capture_output=True, text=True, check=False,
            env={**os.environ, "TRADEGRAPH_HOME": str(home)},
        )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"tradegraph: cannot listen on 127.0.0.1:{port} (Address already in use)")


def test_the_end_is_in_the_log_table(home: Path) -> None:
    """Lines that still wait at the end are written."""
    with contextlib.closing(Served(home, "--port", "0")) as served:
        served.end(signal.SIGTERM)
    with contextlib.closing(sqlite3.connect(home / "tradegraph.db")) as connection:
        told = [event for (event,) in connection.execute("SELECT event FROM logs ORDER BY id")]
    assert "started" in told
    assert told[-1] == "ending"


def test_a_second_server_on_the_same_data_is_refused_and_a_killed_one_is_in_nobodys_way(home: Path) -> None:
    with contextlib.closing(Served(home, "--port", "0")) as first:
        ran = subprocess.run(
            [PROGRAM, "serve", "--port", "0"], capture_output=True, text=True, check=False,
            env={**os.environ, "TRADEGRAPH_HOME": str(home)},
        )  # fmt: skip
        assert ran.returncode == 2
        assert "tradegraph: another Tradegraph server runs on the database" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert first.ask("/health").status == 200
        first.end(signal.SIGKILL)
    with contextlib.closing(Served(home, "--port", "0")) as again:
        assert again.ask("/ready").status == 200


def test_an_answer_in_two_pieces_is_not_held_back() -> None:
    """Else each page waits 40 ms for the client's acknowledgement of its head."""
    with listen("127.0.0.1", 0) as listening:
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
