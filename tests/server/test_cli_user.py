"""`tradegraph user`: accounts from the command line."""

import asyncio
import json
from pathlib import Path

import pytest

from server.cli import main
from server.store.database import Database, database_url
from server.store.store import Store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path))
    return tmp_path


def test_add_and_reset(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "add", "Anna", "--admin", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "Anna"
    assert main(["user", "add", "anna"]) == 2
    assert "there is a user anna already" in capsys.readouterr().err
    assert main(["user", "password", "anna"]) == 0
    again = capsys.readouterr().out
    assert "Anna signs in with the one-time password" in again
    assert told["one_time_password"] not in again
    assert main(["user", "password", "Otto"]) == 2
    assert "there is no user 'Otto'" in capsys.readouterr().err
    assert main(["user", "add", "<b>"]) == 2
    assert "a user name has 1 to 40 characters" in capsys.readouterr().err

    async def stored() -> tuple[str, bool]:
        database = Database(database_url(None, home))
        try:
            (account,) = await Store(database, bytes(32)).accounts.all()
            return account.role, account.must_change
        finally:
            await database.close()

    assert asyncio.run(stored()) == ("admin", True)
