"""A back-test on a CSV file pays for no library it does not need (DESIGN 13): counted in a fresh process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.candle_tables import rows, write_table

ROOT = Path(__file__).parents[2]
HEAVY = {
    "pandas", "numba", "networkx", "jinja2", "pyarrow", "talib", "pandas_ta", "sqlalchemy", "litestar", "scipy",
    "urllib.request", "http",
}  # fmt: skip
SCRIPT = """
import json, sys
from server.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
sys.stdout.flush()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules in memory after a command that ended well."""
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300, check=True,
        env={**os.environ, "TRADEGRAPH_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    code, modules = json.loads(told.stderr.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.fixture
def candles(tmp_path: Path) -> str:
    return write_table(tmp_path / "BTCUSDT_1h.csv", rows())


@pytest.mark.parametrize("form", [["--json"], []])
def test_backtest_imports_nothing_heavy(tmp_path: Path, candles: str, form: list[str]) -> None:
    command = ["backtest", "ema_cross", "--candles", candles, *form]
    imported(tmp_path, *command)  # the first run on a machine compiles the kernels
    modules = imported(tmp_path, *command)
    assert {"numpy", "engine.backtest"} <= modules
    assert not HEAVY & modules


def test_validate_imports_nothing_heavy(tmp_path: Path) -> None:
    assert not (HEAVY - {"networkx"}) & imported(tmp_path, "validate", "ema_cross")


@pytest.mark.parametrize("arguments", [["--help"], ["backtest", "--help"], ["candles", "fetch", "--help"]])
def test_help_imports_no_numpy(tmp_path: Path, arguments: list[str]) -> None:
    modules = imported(tmp_path, *arguments)
    assert not (HEAVY | {"numpy", "msgspec", "llvmlite"}) & modules
