"""`tradegraph` as a process of its own: pipes, signals, encodings and full disks."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.candle_tables import rows, write_table

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main())"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_table(tmp_path / "BTCUSDT_1h.csv", rows())
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "TRADEGRAPH_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), **more}


def called(call: list[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, timeout=120, check=False)


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return called([*COMMAND, *arguments], folder, environment(folder, **more))


def in_shell(folder: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a script of bash in which `tg` is the command."""
    head = f'set -o pipefail; tg() {{ "{sys.executable}" -c "{COMMAND[2]}" "$@"; }}; '
    return called(["bash", "-c", head + script], folder, environment(folder))


def test_exit_codes(folder: Path) -> None:
    good = run(folder, "backtest", "ema_cross", "--candles", "BTCUSDT_1h.csv", "--json")
    assert (good.returncode, good.stderr) == (0, b"")
    assert json.loads(good.stdout)["graph"]["id"] == "ema_cross"
    invalid = run(
        folder, "backtest", "ema_cross", "--candles", "BTCUSDT_1h.csv", "--param", "size.percent=-1", "--json"
    )
    assert (invalid.returncode, invalid.stderr) == (1, b"")
    assert json.loads(invalid.stdout)["ok"] is False
    wrong = run(folder, "backtest", "ema_cross", "--candles", "no.csv")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr == b"tradegraph: no.csv does not exist; check the path\n"


def test_help_goes_to_stdout(folder: Path) -> None:
    for arguments in (["--help"], ["backtest", "--help"], ["candles", "import", "--help"]):
        told = run(folder, *arguments)
        assert (told.returncode, told.stderr) == (0, b"")
        assert told.stdout.startswith(b"usage: tradegraph")


def test_installed_command_is_the_same(folder: Path) -> None:
    command = Path(sys.executable).with_name("tradegraph")
    told = called([str(command), "validate", "nope"], folder, environment(folder))
    assert (told.returncode, told.stdout) == (2, b"")
    assert told.stderr.startswith(b"tradegraph: graph 'nope' is neither a file nor a built-in graph")


@pytest.mark.parametrize("command", ["nodes", "nodes --json", "backtest ema_cross --candles BTCUSDT_1h.csv --json"])
def test_reader_that_leaves_early(folder: Path, command: str) -> None:
    for reader in ("head -1", "head -c 1", "true"):
        told = in_shell(folder, f"tg {command} | {reader}")
        assert (told.returncode, told.stderr) == (0, b""), reader


def test_reader_of_errors_that_leaves_early(folder: Path) -> None:
    told = in_shell(folder, "tg validate nope 2>&1 >/dev/null | true")
    assert (told.returncode, told.stderr) == (2, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(folder: Path) -> None:
    for command in ("nodes", "nodes --json", "validate ema_cross", "candles list"):
        told = in_shell(folder, f"tg {command} >/dev/full")
        assert told.returncode == 2
        assert told.stderr == (
            b"tradegraph: the output cannot be written (No space left on device); choose another place\n"
        )


def test_closed_streams(folder: Path) -> None:
    assert in_shell(folder, "tg nodes --json >&-").returncode == 0
    assert in_shell(folder, "tg validate nope 2>&-").returncode == 2
    assert in_shell(folder, "tg validate ema_cross <&- >/dev/null").returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminal_that_knows_few_letters(folder: Path, encoding: str) -> None:
    for arguments in (
        ["validate", "ema_cross"],
        ["nodes", "indicator.ema"],
        ["nodes"],
        ["validate", "ema_cross", "--json"],
    ):
        told = run(folder, *arguments, PYTHONIOENCODING=encoding)
        assert (told.returncode, told.stderr) == (0, b"")


def test_file_names_that_are_no_text(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    write_table(folder / name, rows())
    told = run(folder, "backtest", "ema_cross", "--candles", name, "--out", os.fsdecode(b"out\xe9"), "--json")
    assert (told.returncode, told.stderr) == (0, b"")
    assert json.loads(told.stdout)["data"][0]["origin"] == "caf\\udce9.csv"
    missing = run(folder, "validate", os.fsdecode(b"g\xe9.json"))
    assert (missing.returncode, missing.stderr.count(b"\n")) == (2, 1)


def test_interrupt_is_one_line_and_code_130(folder: Path) -> None:
    """Interrupted while it waits for another program that writes."""
    assert run(folder, "candles", "list").returncode == 0
    with contextlib.closing(sqlite3.connect(folder / "home/tradegraph.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [*COMMAND, "candles", "import", "BTCUSDT_1h.csv"],
            cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"tradegraph: interrupted\n")


def test_programs_that_import_at_once_lose_nothing(folder: Path) -> None:
    """Into a database that none of them finds: one makes it, the others wait."""
    table = rows()
    names = [write_table(folder / f"BTCUSDT_part{i}.csv", table[i * 150 : i * 150 + 220]) for i in range(5)]
    programs = [
        subprocess.Popen([*COMMAND, "candles", "import", "--allow-gaps", "--symbol", "BTCUSDT", name],
            cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for name in names
    ]  # fmt: skip
    assert [(program.communicate(timeout=120)[1], program.returncode) for program in programs] == [(b"", 0)] * 5
    (stored,) = json.loads(run(folder, "candles", "list", "--json").stdout)
    assert (stored["rows"], len(stored["origins"])) == (len(table), 5)


def test_fault_of_our_own_is_one_line_too(folder: Path) -> None:
    script = "import sys, server.cli.nodes as n; n.run = lambda o: 1 / 0; from server.cli import main; sys.exit(main())"
    call = [sys.executable, "-c", script, "nodes"]
    told = called(call, folder, environment(folder))
    assert (told.returncode, told.stdout) == (3, b"")
    assert told.stderr.startswith(b"tradegraph: a fault in Tradegraph (ZeroDivisionError: division by zero); set")
    debug = environment(folder, TRADEGRAPH_DEBUG="1")
    assert b"Traceback" in called(call, folder, debug).stderr
