"""Settings of a server: read from everywhere, refused all at once."""

import stat
from pathlib import Path

import pytest

from engine.errors import InputError
from server.settings import DEFAULTS, load, secret_key, table


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEGRAPH_HOME", str(tmp_path))
    return tmp_path


def test_by_itself_it_listens_to_this_machine_alone(home: Path) -> None:
    settings = load({})
    assert (settings.host, settings.port, settings.folder) == ("127.0.0.1", 8765, home)
    assert not settings.is_public
    assert not settings.is_https


def test_environment_over_file_over_defaults_and_options_over_all(home: Path) -> None:
    (home / "tradegraph.toml").write_text('port = 9000\nlog = "debug"\ntrusted_proxies = ["10.0.0.1"]\n')
    settings = load({"TRADEGRAPH_LOG": "warning"}, host="127.0.0.2", port=None)
    assert (settings.host, settings.port, settings.log) == ("127.0.0.2", 9000, "warning")
    assert settings.trusted_proxies == ["10.0.0.1"]
    assert load({"TRADEGRAPH_TRUSTED_PROXIES": "10.0.0.2, ::1"}).trusted_proxies == ["10.0.0.2", "::1"]
    assert load({"TRADEGRAPH_PORT": "8080", "DATABASE_URL": "postgres://h/d"}).database == "postgres://h/d"


def test_another_file(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("port = 1")
    assert load({"TRADEGRAPH_CONFIG": str(other)}).port == 1
    with pytest.raises(InputError, match="cannot be read"):
        load({"TRADEGRAPH_CONFIG": str(tmp_path / "none.toml")})


def test_everything_wrong_is_named_at_once(home: Path) -> None:
    (home / "tradegraph.toml").write_text('prot = 1\nlog_form = "xml"\n')
    with pytest.raises(InputError) as caught:
        load({"TRADEGRAPH_PORT": "eighty", "TRADEGRAPH_BASEURL": "x", "TRADEGRAPH_BASE_URL": "ftp://x"})
    told = str(caught.value)
    assert "unknown key 'prot' (did you mean port?)" in told
    assert "log_form (TRADEGRAPH_LOG_FORM) cannot be 'xml': it must be text or json" in told
    assert "TRADEGRAPH_BASEURL is no setting (did you mean TRADEGRAPH_BASE_URL?)" in told
    assert "port (TRADEGRAPH_PORT) cannot be 'eighty': it must be a whole number from 0 to 65535" in told
    assert "base_url (TRADEGRAPH_BASE_URL) cannot be 'ftp://x'" in told


@pytest.mark.parametrize("port", ["-1", "65536", "80.5", ""])
def test_impossible_port(home: Path, port: str) -> None:
    with pytest.raises(InputError, match="TRADEGRAPH_PORT"):
        load({"TRADEGRAPH_PORT": port})


def test_no_toml(home: Path) -> None:
    (home / "tradegraph.toml").write_text("port 80")
    with pytest.raises(InputError, match="is no TOML"):
        load({})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "trade.example"])
def test_public_host_needs_to_be_told_its_address(home: Path, host: str) -> None:
    with pytest.raises(InputError, match=r"base_url \(TRADEGRAPH_BASE_URL\) is missing"):
        load({"TRADEGRAPH_HOST": host})
    settings = load({"TRADEGRAPH_HOST": host, "TRADEGRAPH_BASE_URL": "https://trade.example"})
    assert settings.is_public
    assert settings.is_https


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_loopback_hosts(home: Path, host: str) -> None:
    assert not load({"TRADEGRAPH_HOST": host}).is_public


def test_contradictions(home: Path) -> None:
    with pytest.raises(InputError, match="'proxy' is none"):
        load({"TRADEGRAPH_TRUSTED_PROXIES": "proxy"})
    with pytest.raises(InputError, match="must begin with postgresql:// or sqlite:///"):
        load({"DATABASE_URL": "mysql://user:secret@host/x"})
    with pytest.raises(InputError, match="the levels are"):
        load({"TRADEGRAPH_LOG": "loud"})


def test_a_refused_database_keeps_its_password(home: Path) -> None:
    with pytest.raises(InputError) as caught:
        load({"DATABASE_URL": "mysql://user:hunter2@host/x"})
    assert "hunter2" not in str(caught.value)


def test_variables_of_others_are_left_alone(home: Path) -> None:
    assert load({"TRADEGRAPH_DEBUG": "1", "TRADEGRAPH_CACHE": "/x", "TRADEGRAPH_TEST_DATABASE": "x", "PATH": "y"})


def test_the_secret_is_made_once_and_for_its_owner_alone(home: Path) -> None:
    first = secret_key(home / "deep")
    assert len(first) == 32
    assert secret_key(home / "deep") == first
    assert stat.S_IMODE((home / "deep" / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31])
def test_a_damaged_secret(home: Path, text: str) -> None:
    (home / "secret_key").write_text(text)
    with pytest.raises(InputError, match="is damaged"):
        secret_key(home)


def test_a_folder_that_cannot_be_used(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(InputError, match="check TRADEGRAPH_HOME"):
        secret_key(home / "file")


def test_the_table_has_every_setting() -> None:
    lines = table().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == list(DEFAULTS)
    assert all(not line.endswith("|  |") for line in lines)
