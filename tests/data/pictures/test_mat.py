"""MAT-files, as SciPy writes them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.data.pictures.mat import read_mat
from vocalsep.errors import DataError

scipy_io = pytest.importorskip("scipy.io")


def saved(folder: Path, variables: dict[str, Any], compressed: bool) -> Path:
    path = folder / "a.mat"
    scipy_io.savemat(path, variables, do_compression=compressed)
    return path


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
def test_numbers_of_every_type(tmp_path: Path, dtype: str, compressed: bool) -> None:
    array = np.arange(1, 13).astype(dtype).reshape(3, 4)
    found = read_mat(saved(tmp_path, {"x": array, "long_name_of_it": array[:1, :1]}, compressed))
    assert found["x"].dtype == array.dtype
    assert np.array_equal(found["x"], array)
    assert found["long_name_of_it"].tolist() == [[1]]


@pytest.mark.parametrize("compressed", [True, False])
def test_structures_cells_and_the_rest(tmp_path: Path, compressed: bool) -> None:
    polygons = np.zeros((1, 3), [("left", object), ("right", object)])
    for number in range(3):
        polygons[0, number] = (np.full((number, 2), 1.5), np.zeros((0, 0)))
    cells = np.empty((2, 1), object)
    cells[:, 0] = [np.array([[7]]), np.array([[8.5, 9.5]])]
    variables = {"polygons": polygons, "cells": cells, "text": "hello", "after": np.uint8(3)}
    found = read_mat(saved(tmp_path, variables, compressed))
    assert [each["left"].shape for each in found["polygons"]] == [(0, 2), (1, 2), (2, 2)]
    assert found["polygons"][2]["left"].tolist() == [[1.5, 1.5]] * 2
    assert found["polygons"][0]["right"].size == 0
    assert [each.tolist() for each in found["cells"]] == [[[7]], [[8.5, 9.5]]]
    assert found["text"] is None
    assert found["after"].item() == 3


def test_sparse_fields_are_passed_over(tmp_path: Path) -> None:
    from scipy.sparse import csc_matrix

    inner = {"Boundaries": csc_matrix(np.eye(3)), "Segmentation": np.eye(3, dtype=np.uint8)}
    found = read_mat(saved(tmp_path, {"GTcls": inner}, True))
    assert found["GTcls"][0]["Boundaries"] is None
    assert np.array_equal(found["GTcls"][0]["Segmentation"], np.eye(3))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a MAT-file"),
        (b"MATLAB 7.3 MAT-file" + bytes(200), "option -v7"),
        (b"x" * 126 + b"IM" + b"\x0e\0\0\0\xff\0\0\0", "damaged or cut off"),
        (b"x" * 126 + b"IM" + b"\x0f\0\0\0\x08\0\0\0notzlib!", "damaged or cut off"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_mat(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_mat(tmp_path / "none.mat")


@given(st.integers(128, 400), st.binary(min_size=1, max_size=8))
def test_damage_never_ends_otherwise(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes
) -> None:
    buffer = io.BytesIO()
    scipy_io.savemat(buffer, {"s": {"a": np.eye(3), "b": [1, 2]}, "x": np.arange(5)})
    data = bytearray(buffer.getvalue())
    data[place : place + len(damage)] = damage
    path = tmp_path_factory.mktemp("damage") / "a.mat"
    path.write_bytes(data)
    try:
        read_mat(path)
    except DataError as error:
        assert "\n" not in str(error)
