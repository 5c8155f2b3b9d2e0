"""Volumes in files: what is written is read, NIfTI upright, damage in one line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from vocalsep.errors import UnreadablePicture
from vocalsep.images.volume import (
    is_volume,
    read_volume,
    read_volume_labels,
    stem_of,
    write_volume,
)

VALUES = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4) - 5


def save_npy(path: Path, values: np.ndarray, spacing: list[float] | None = None) -> Path:
    np.save(path, values)
    if spacing:
        path.with_suffix(".json").write_text(json.dumps({"spacing": spacing}))
    return path


def save_nifti(path: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


@pytest.mark.parametrize(
    ("name", "volume", "stem"),
    [
        ("a.npy", True, "a"),
        ("a.b.NII.GZ", True, "a.b"),
        ("a.nii", True, "a"),
        ("a.gz", False, "a.gz"),
        ("a.png", False, "a.png"),
    ],
)
def test_names(name: str, volume: bool, stem: str) -> None:
    assert is_volume(Path(name)) == volume
    assert stem_of(Path("x") / name) == stem


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_arrays(tmp_path: Path, dtype: type) -> None:
    path = save_npy(tmp_path / "a.npy", VALUES.astype(dtype), [3, 1, 0.5])
    found = read_volume(path)
    assert found.spacing == (3.0, 1.0, 0.5)
    assert found.values.dtype == dtype
    np.testing.assert_array_equal(found.values, VALUES.astype(dtype)[None])


def test_channels_come_first_in_arrays_and_last_in_nifti(tmp_path: Path) -> None:
    both = np.stack([VALUES, VALUES + 100])
    array = read_volume(save_npy(tmp_path / "a.npy", both))
    nifti = read_volume(save_nifti(tmp_path / "a.nii", np.moveaxis(both, 0, -1), np.eye(4)))
    for found in (array, nifti):
        np.testing.assert_array_equal(found.values, both)
        assert found.spacing == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_is_upright_and_written_back_as_it_lay(tmp_path: Path, suffix: str) -> None:
    """Stored from the left to the right, back and up: (x, z, y) with two of them the other way."""
    affine = np.array([[-2.0, 0, 0, 7], [0, 0, 0.5, 8], [0, -3.0, 0, 9], [0, 0, 0, 1]])
    path = save_nifti(tmp_path / f"a{suffix}", VALUES, affine)
    found = read_volume(path)
    np.testing.assert_array_equal(found.values[0], VALUES[::-1, ::-1].swapaxes(1, 2))
    assert found.spacing == (2.0, 0.5, 3.0)
    written = tmp_path / "out" / f"b{suffix}"
    write_volume(written, found.values[0], path)
    again = nibabel.load(written)
    np.testing.assert_array_equal(np.asanyarray(again.dataobj), VALUES)
    np.testing.assert_allclose(again.affine, affine)
    write_volume(written, np.stack([found.values[0]] * 2), path)  # channels
    np.testing.assert_array_equal(read_volume(written).values, np.stack([found.values[0]] * 2))


def test_written_arrays_keep_the_spacing(tmp_path: Path) -> None:
    like = save_npy(tmp_path / "a.npy", VALUES, [3, 1, 0.5])
    for name in ("b.npy", "b.nii.gz"):
        write_volume(tmp_path / name, VALUES, like)
        found = read_volume(tmp_path / name)
        assert found.spacing == (3.0, 1.0, 0.5)
        np.testing.assert_array_equal(found.values[0], VALUES)


def test_labels_may_be_stored_as_floats(tmp_path: Path) -> None:
    whole = read_volume_labels(save_npy(tmp_path / "a.npy", VALUES))
    np.testing.assert_array_equal(whole, VALUES)
    assert whole.dtype.kind == "i"
    with pytest.raises(UnreadablePicture, match="fractions"):
        read_volume_labels(save_npy(tmp_path / "b.npy", VALUES + 0.5))
    with pytest.raises(UnreadablePicture, match="2 channels"):
        read_volume_labels(save_npy(tmp_path / "c.npy", np.stack([VALUES, VALUES])))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.zeros(5), "its shape is 5, expected 3 axes"),
        (np.zeros((2, 0, 3)), "its shape is 2 × 0 × 3"),
        (np.zeros((2, 2, 2), complex), "complex128"),
        (np.full((2, 2, 2), np.nan), "not finite"),
        (np.array([[[None]]]), "not a volume"),
    ],
)
def test_wrong_arrays(tmp_path: Path, values: np.ndarray, says: str) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(UnreadablePicture, match=says) as caught:
        read_volume(tmp_path / "a.npy")
    assert "\n" not in str(caught.value)


def test_damaged_files(tmp_path: Path) -> None:
    whole = save_nifti(tmp_path / "a.nii.gz", VALUES, np.eye(4)).read_bytes()
    for name, data in {
        "missing.npy": None,
        "empty.npy": b"",
        "text.nii": b"no volume at all" * 50,
        "cut.nii.gz": whole[: len(whole) // 2],
        "cut.npy": save_npy(tmp_path / "c.npy", VALUES).read_bytes()[:-20],
        "zip.nii.gz": gzip.compress(b"nothing"),
    }.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(UnreadablePicture, match=name) as caught:
            read_volume(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{}", "3 1 1", '{"spacing": [1, 2]}', '{"spacing": [0, 1, 1]}'])
def test_wrong_spacing(tmp_path: Path, text: str) -> None:
    path = save_npy(tmp_path / "a.npy", VALUES)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UnreadablePicture, match="spacing"):
        read_volume(path)


def test_absurd_sizes_are_refused_by_their_header(tmp_path: Path) -> None:
    header = np.lib.format
    with (tmp_path / "a.npy").open("wb") as file:
        fields = {"descr": "|u1", "fortran_order": False, "shape": (100_000, 100_000, 1000)}
        header.write_array_header_1_0(file, fields)
    with pytest.raises(UnreadablePicture):
        read_volume(tmp_path / "a.npy")
