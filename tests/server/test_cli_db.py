"""`tradegraph db upgrade`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.conftest import Cli


def test_an_empty_database_is_brought_up_once(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "home" / "tradegraph.db"
    first = cli("db", "upgrade", "--json").document()
    assert first == {"database": f"sqlite+aiosqlite:///{file}", "applied": ["0001"]}
    assert cli("db", "upgrade").out == f"sqlite+aiosqlite:///{file}: up to date\n"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM graphs").fetchone() == (0,)


def test_the_database_of_the_environment_is_meant(
    cli: Cli, empty_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_url)
    assert cli("db", "upgrade", "--json").document()["applied"] == ["0001"]
    assert cli("db", "upgrade", "--json").document()["applied"] == []
    assert not (tmp_path / "home").exists()


def test_a_database_of_a_newer_program_is_refused(cli: Cli, tmp_path: Path) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "home" / "tradegraph.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "is at revision 9999, which this Tradegraph does not know" in cli("db", "upgrade").refused()


def test_a_password_is_not_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:1/x")
    told = cli("db", "upgrade").refused()
    assert "hunter2" not in told
    assert "cannot be upgraded" in told
    assert "check DATABASE_URL" in told


def test_a_file_that_is_no_database_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tradegraph.db").write_text("no database " * 200)
    assert "file is not a database" in cli("db", "upgrade").refused()
