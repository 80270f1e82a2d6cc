"""Kernels: what they compute, what they refuse, and when their machine code is made anew."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import kernel as module
from engine.errors import InputError
from engine.kernel import Kernel, kernel, part

POINT = np.dtype([("x", "f8"), ("n", "i8")])
FACTOR = 3.0


@part
def scaled(x: float) -> float:
    return FACTOR * x


@kernel("f8[:]", "f8", "f8[:]")
def scale(source, plus, out):
    for i in range(len(source)):
        out[i] = scaled(source[i]) + plus
    return len(source)


@kernel("f8[:,:]", "i8", "f8[:]")
def sum_rows(table, sign, out):
    for r in range(table.shape[0]):
        out[r] = 0.0
        for c in range(table.shape[1]):
            out[r] += sign * table[r, c]
    return 0


@kernel("point[:]", records={"point": POINT})
def move(points):
    for i in range(len(points)):
        points[i].x += 0.5
        points[i].n += 1
    return 0


def test_a_kernel_computes_what_its_python_function_computes() -> None:
    """Compiled and plain give the same values and the same status."""
    source, out, plain = np.arange(5.0), np.empty(5), np.empty(5)
    assert scale(source, 1.5, out) == scale.python(source, 1.5, plain) == 5
    np.testing.assert_array_equal(out, plain)


def test_tables_and_records_keep_their_shape() -> None:
    """Rows, columns and record fields arrive where they were."""
    table, out = np.arange(12.0).reshape(3, 4), np.empty(3)
    sum_rows(table, -1, out)
    np.testing.assert_array_equal(out, -table.sum(axis=1))
    points = np.zeros(2, POINT)
    move(points)
    assert points.tolist() == [(0.5, 1), (0.5, 1)]


def test_empty_arrays_are_fine() -> None:
    """No row, no work."""
    assert scale(np.empty(0), 0.0, np.empty(0)) == 0


@pytest.mark.parametrize("wrong", [np.arange(5), np.arange(5.0, dtype=np.float32), np.arange(10.0)[::2], [1.0, 2.0]])
def test_memory_of_another_kind_is_refused(wrong: object) -> None:
    """Machine code reads memory as it finds it, so dtype and layout are checked before."""
    with pytest.raises((TypeError, AttributeError)):
        scale(wrong, 0.0, np.empty(5))


def test_a_wrong_count_of_arguments_is_refused() -> None:
    """Nothing is read from where no argument is."""
    with pytest.raises(ValueError, match="argument"):
        scale(np.empty(1), np.empty(1))


def test_division_by_zero_follows_ieee() -> None:
    """x/0 is inf or NaN, never an exception that nobody can catch."""

    @kernel("f8[:]", "f8[:]")
    def inverse(source, out):
        for i in range(len(source)):
            out[i] = 1.0 / source[i]
        return 0

    out = np.empty(2)
    inverse(np.array([0.0, 2.0]), out)
    assert out.tolist() == [np.inf, 0.5]


def fingerprint(fn: Kernel) -> bytes:
    return module._fingerprint(fn.python, set())


def test_changing_a_part_or_a_constant_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stale machine code would compute yesterday's rule: whatever a kernel calls or reads is part of its key."""
    before = fingerprint(scale)
    monkeypatch.setitem(scale.python.__globals__, "FACTOR", 4.0)
    assert fingerprint(scale) != before
    monkeypatch.undo()
    assert fingerprint(scale) == before

    @part
    def scaled(x: float) -> float:
        return FACTOR * x + 1.0

    monkeypatch.setitem(scale.python.__globals__, "scaled", scaled)
    assert fingerprint(scale) != before


def test_the_second_process_loads_without_compiling(tmp_path: Path) -> None:
    """Object code is kept on disk: a later process does not import numba, and gives the same."""
    code = (
        "import sys, numpy as np; from nodes.indicator.ema import Ema; "
        "v = Ema(length=3).compute(np.arange(9.0))[-1]; print(v, 'numba' in sys.modules)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
            env={"TRADEGRAPH_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"},
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert runs == [["7.0", "True"], ["7.0", "False"]]


def test_stored_machine_code_may_call_the_c_library(tmp_path: Path) -> None:
    """Loops of zeros become calls of memset, which works in a process that loads them and never saw numba."""
    code = (
        "import sys; from nodes.volume.profile import Profile; from engine.sim.synthetic import synthetic_candles;"
        "out = Profile().compute(synthetic_candles(1, 3000)); print(out[0][-1], 'numba' in sys.modules)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
            env={"TRADEGRAPH_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"},
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert runs == [["28448.0", "True"], ["28448.0", "False"]]


def test_a_cache_folder_that_cannot_be_made_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only home does not keep anyone from running."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRADEGRAPH_CACHE", str(tmp_path / "file"))
    folder = module.cache_folder()
    assert folder.is_dir() and str(tmp_path) not in str(folder)


def test_compiling_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds is told before it begins, and only when it happens."""
    told: list[str] = []
    monkeypatch.setenv("TRADEGRAPH_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "announce", told.append)
    for _ in range(2):
        Kernel(sum_rows.python, sum_rows.types, sum_rows.records)(np.zeros((1, 1)), 1, np.empty(1))
    assert told == ["sum_rows"]


def test_code_is_not_taken_from_where_others_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the common temporary place that others can write to might hold their machine code."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRADEGRAPH_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = module.cache_folder()
    assert folder.parent == tmp_path
    folder.chmod(0o777)
    with pytest.raises(InputError, match="others can write to"):
        module.cache_folder()
