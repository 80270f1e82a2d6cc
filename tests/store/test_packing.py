"""Packed columns come back to the last bit, and damage is never read as numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from server.store.packing import Damaged, pack, pack_columns, unpack, unpack_columns

KINDS = ("<f8", "<f4", "<i8", "<i4", "<i2", "i1", "<u8", "<u4", "<u2", "u1", "?")
Column = NDArray[Any]


def same(a: Column, b: Column) -> bool:
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays.arrays(kind, st.integers(0, 40))))
def test_every_column_comes_back(column: Column) -> None:
    assert same(unpack(pack(column)), column)


@given(st.lists(st.decimals(-(10**9), 10**9, places=4)), st.integers(0, 3))
def test_prices_come_back(prices: list[Any], places: int) -> None:
    column = np.array([float(round(p, places)) for p in prices], np.float64)
    assert same(unpack(pack(column)), column)


@pytest.mark.parametrize(
    "column",
    [
        np.array([-0.0, 1.5]),
        np.array([np.nan, 1, -np.inf]),
        np.array([2**63 - 1, -(2**63), 0]),
        np.array([2.0**53, 2.0**53 + 2, 1e300]),
        np.array([0.1] * 100 + [1 / 3]),
        np.arange(20)[::-2],
    ],
    ids=["zero below", "no numbers", "widest", "large", "no decimal at the end", "strided"],
)
def test_awkward_columns(column: Column) -> None:
    assert same(unpack(pack(column)), np.ascontiguousarray(column))


def test_prices_and_instants_become_small() -> None:
    prices = np.round(40_000 + np.cumsum(np.sin(np.arange(4096.0))), 1)
    instants = 1_704_067_200_000 + 3_600_000 * np.arange(4096)

    assert len(pack(prices)) < 2 * 4096
    assert len(pack(instants)) < 200


def test_columns_together() -> None:
    columns = {"time": np.arange(5), "rate": np.array([0.1, 0.2, 0.3, 0.4, 0.5])}
    data = pack_columns(columns)

    assert all(same(column, columns[name]) for name, column in unpack_columns(data, ("time", "rate")).items())
    assert list(unpack_columns(data, ["time"])) == ["time"]


@pytest.mark.parametrize("column", [np.arange(100), np.array([0.5, np.nan])])
def test_damage_is_seen(column: Column) -> None:
    data = pack(column)
    for harmed in (b"", data[:10], data[:-3], b"\xff" + data[1:], data[:3] + b"??" + data[5:], data[:-2] + b"zz"):
        with pytest.raises(Damaged):
            unpack(harmed)
    with pytest.raises(Damaged, match="packed columns are damaged"):
        unpack_columns(b"\0", ["time"])


def test_what_is_no_column_of_numbers_is_refused() -> None:
    for column in (np.array(["a"]), np.zeros((2, 2)), np.array([object()])):
        with pytest.raises(TypeError, match="cannot be packed"):
            pack(column)
