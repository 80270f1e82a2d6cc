"""The habits of DESIGN 2 as far as a machine can see them: who knows whom, how long things are, what is tracked."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "nodes", "server")

# A longer piece stays in one where cutting it would hide what belongs together.  Name it here with the reason.
LONG_FUNCTIONS = {
    "engine/matching/kernel.py:run_bars": "the order of events inside a bar, which is the published rule, in one view",
}

ENGINE_MAY_IMPORT = {
    # third parties
    "llvmlite", "msgspec", "networkx", "numba", "numpy", "pandas",
    # the standard library: nothing that reads a clock, the network or chance
    "__future__", "bisect", "collections", "contextlib", "copy", "ctypes", "dataclasses", "datetime", "decimal",
    "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "importlib", "inspect", "itertools", "json",
    "keyword", "math", "operator", "pkgutil", "re", "statistics", "string", "struct", "textwrap", "types", "typing",
}  # fmt: skip
# Compiled kernels are kept on disk, so this one file knows folders; durations are measured with `perf_counter` alone;
# a sweep runs in several processes.  (`datetime` writes instants; its `now` is banned by ruff, as is `random`.)
ENGINE_EXCEPTIONS = {
    "engine/kernel.py": {"os", "sys", "tempfile", "pathlib"},
    "engine/backtest.py": {"time"},
    "engine/columns.py": {"time"},
    "engine/parity.py": {"time"},
    "engine/prove/__init__.py": {"time"},
    "engine/sweep.py": {"concurrent", "multiprocessing", "os", "threading"},
}


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control, and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git working copy")
    return tuple(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file())


@cache
def sources(*rooms: str) -> dict[str, ast.Module]:
    """Syntax trees of the Python files of some rooms, by path."""
    files = sorted(p for room in rooms for p in (ROOT / room).rglob("*.py"))
    return {p.relative_to(ROOT).as_posix(): ast.parse(p.read_text()) for p in files}


def imports(tree: ast.Module) -> set[str]:
    """Full names of everything imported anywhere in a file."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_rooms_know_each_other_in_one_direction() -> None:
    forbidden = {"engine": ("nodes", "server"), "nodes": ("server",), "server": ()}
    wrong = [
        f"{path} imports {name}"
        for room, others in forbidden.items()
        for path, tree in sources(room).items()
        for name in imports(tree)
        if name.partition(".")[0] in (*others, "tests", "benchmarks")
    ]
    assert wrong == []


def test_engine_is_pure() -> None:
    wrong = [
        f"{path} imports {name}"
        for path, tree in sources("engine").items()
        for name in {n.partition(".")[0] for n in imports(tree)} - ENGINE_MAY_IMPORT - {"engine"}
        if name not in ENGINE_EXCEPTIONS.get(path, ())
    ]
    assert sorted(wrong) == []


def test_engine_reads_no_wall_clock() -> None:
    measured = {"time", "time.perf_counter", "time.perf_counter_ns"}
    for path, tree in sources("engine").items():
        assert {n for n in imports(tree) if n.partition(".")[0] == "time"} <= measured, path


def test_nodes_know_the_front_door_only() -> None:
    contract = next(c for c in project()["tool"]["importlinter"]["contracts"] if "ignore_imports" in c)
    doors = {line.rpartition(" ")[2] for line in contract["ignore_imports"]}
    for path, tree in sources("nodes").items():
        for name in imports(tree):
            if name.partition(".")[0] == "engine":
                assert any(name == door or name.startswith(f"{door}.") for door in doors), f"{path} imports {name}"


@cache
def project() -> dict[str, dict[str, dict[str, list[dict[str, list[str]]]]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def p90(values: list[int]) -> int:
    return sorted(values)[int(0.9 * (len(values) - 1))]


def test_files_are_short() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in sources(*ROOMS)}
    assert {path: n for path, n in lengths.items() if n > 400} == {}
    assert p90(list(lengths.values())) <= 250


def functions(tree: ast.Module) -> dict[str, int]:
    """Lines of code of each function: without docstring, comments and empty lines, and without functions in it."""
    out: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [n for n in ast.walk(node) if n is not node and isinstance(n, ast.stmt | ast.expr)]
            held = {
                n for d in inner if isinstance(d, ast.FunctionDef) for n in range(d.lineno, (d.end_lineno or 0) + 1)
            }
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                held |= set(range(first.lineno, (first.end_lineno or 0) + 1))
            lines = {n.lineno for n in inner} | {n.end_lineno or 0 for n in inner} | {node.lineno}
            out[node.name] = len(lines - held)
    return out


def test_functions_are_short() -> None:
    lengths = {f"{path}:{name}": n for path, tree in sources(*ROOMS).items() for name, n in functions(tree).items()}
    assert {name: n for name, n in lengths.items() if n > 50 and name not in LONG_FUNCTIONS} == {}
    assert p90(list(lengths.values())) <= 20
    assert all(lengths.get(name, 0) > 50 for name in LONG_FUNCTIONS), "an allowance nobody needs any more"


def test_no_room_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
    found = [
        p for p in tracked() if p.suffix in {".py", ".js", ".ts"} and drawers & {p.stem, *p.relative_to(ROOT).parts}
    ]
    assert found == []


def test_nothing_of_this_machine_is_tracked() -> None:
    """No registry host, home folder or temporary place in any text file."""
    home = re.escape(str(Path.home())) if len(Path.home().parts) > 2 else "/no/such/place"
    machine = re.compile(
        rf"\w+hosted\.org|registry\.npm\w+|deb\.\w+\.org|/root/|/home/(?!(?:me|you|x)/)[a-z]\w*/|/Users/\w|{home}"
    )
    registry = re.compile(r"(?m)^\s*(--?(extra-)?index-url|-i\s|index\s*=|registry\s*=)")
    wrong: list[str] = []
    for path in tracked():
        if path.suffix in {".png", ".gz", ".parquet", ".ico", ".woff2"} or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        found = machine.search(text) or (path.suffix in {".toml", ".txt", ".lock", ".cfg"} and registry.search(text))
        if found:
            wrong.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert wrong == []


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    told = subprocess.run([linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
